import AFPacketKit
import Testing

@testable import afprobe

/// An exchange in which the responder's clock showed these at either end, and the requester's 1 ns.
private func exchange(request: Int64, reply: Int64) -> Exchange {
    var exchange = Exchange(sent: TransmitStamps(software: Timestamp(nanoseconds: 1)))
    exchange.info[.receivedSoftware] = request
    exchange.info[.sentSoftware] = reply
    exchange.replyReceived.software = Timestamp(nanoseconds: 1)
    return exchange
}

private func bounds(_ exchanges: Exchange...) -> ClockBounds {
    var bounds = ClockBounds()
    for exchange in exchanges { exchange.stamps(by: .software).map { bounds.narrow($0) } }
    return bounds
}

@Suite struct ClockBoundsTests {
    @Test func theQuickestWaysBoundTheOffset() throws {
        let bounds = bounds(exchange(request: 61, reply: 21), exchange(request: 54, reply: 11))
        let offset = try #require(bounds.offset)
        // 36.5 give or take 16.5
        #expect(offset.offset == 36 && offset.error == 17)
        #expect(bounds.restarts == 0)
    }

    @Test func contradictionsBeginThemAnew() throws {
        let bounds = bounds(exchange(request: 61, reply: 21), exchange(request: 11, reply: 1))
        let offset = try #require(bounds.offset)
        #expect(offset.offset == 5 && offset.error == 5)
        #expect(bounds.restarts == 1)
    }

    /// A peer writes what it likes into its stamps.
    @Test(arguments: [(Int64.max, Int64(0)), (.max - 1, -1), (.max, 1), (0, -.max)])
    func boundsAsFarApartAsAnIntegerHolds(request: Int64, reply: Int64) {
        let offset = bounds(exchange(request: request, reply: reply)).offset
        #expect(offset.map { $0.error >= .max / 2 } ?? true)
    }
}
