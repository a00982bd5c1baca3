// swift-tools-version: 6.3
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

// The release binary needs nothing but libc and libm at run time, and starts in a third of the time.
// The folder holds a linker script that turns the `-lstdc++` of the static Swift standard library into
// the static one; only lld reads libraries in an order that lets it work.
let selfContained: LinkerSetting = .unsafeFlags(
    [
        "-static-stdlib", "-use-ld=lld", "-L\(Context.packageDirectory)/Sources/CShim/static-link",
        "-Xclang-linker", "-static-libgcc", "-Xlinker", "--gc-sections",
        // Nothing loads it as a library, and the Swift runtime walks all exported symbols when it starts.
        "-Xlinker", "--no-export-dynamic",
    ], .when(configuration: .release))

let package = Package(
    name: "afprobe",
    products: [
        .executable(name: "afprobe", targets: ["afprobe"]),
        .library(name: "AFPacketKit", targets: ["AFPacketKit"]),
    ],
    dependencies: [
        .package(
            url: "https://github.com/HdrHistogram/hdrhistogram-swift", .upToNextMinor(from: "0.2.0"))
    ],
    targets: [
        .target(name: "CShim", exclude: ["static-link"]),
        .target(
            name: "AFPacketKit", dependencies: ["CShim"], swiftSettings: strict + [.strictMemorySafety()]),
        .executableTarget(
            name: "afprobe",
            dependencies: ["AFPacketKit"],
            swiftSettings: strict + [.strictMemorySafety()], linkerSettings: [selfContained]),
        .testTarget(name: "AFPacketKitTests", dependencies: ["AFPacketKit"], swiftSettings: strict),
        // The library is what the program's own histogram is compared with.
        .testTarget(
            name: "afprobeTests",
            dependencies: ["afprobe", .product(name: "Histogram", package: "hdrhistogram-swift")],
            swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests", dependencies: ["afprobe", "AFPacketKit"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
