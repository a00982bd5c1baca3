internal import CShim
import Glibc

/// Names of hosts.
public enum HostName {
    /// A failure to look up a name, in the resolver's words. gai_strerror(3)
    public struct Failure: Error, Hashable, Sendable {
        /// The reason.
        public let reason: String
    }

    /// The addresses of a name, the system's preferred one first. getaddrinfo(3), RFC 6724
    ///
    /// - Throws: `Failure`, if the name has none.
    public static func addresses(of name: String) throws(Failure) -> [IPAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            throw unsafe Failure(
                reason: gai_strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)")
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe entry.pointee.ai_addr.flatMap({ unsafe IPAddress($0) }) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
