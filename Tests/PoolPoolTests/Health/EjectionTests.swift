import NIOCore
import PoolPool
import Testing

@Suite struct EjectionTests {
    private static func time(_ seconds: Int) -> NIODeadline {
        .uptimeNanoseconds(UInt64(seconds) * 1_000_000_000)
    }

    private static func eject(_ ejection: inout Ejection, at seconds: Int) -> TimeAmount {
        ejection.eject(reason: "refuses", badness: 0.4, configuration: OutlierConfiguration(), now: Self.time(seconds))
    }

    @Test func aNewPoolIsNotPutAside() {
        var ejection = Ejection()
        #expect(!ejection.isEjected)
        #expect(ejection.reason == nil)
        #expect(ejection.badness == 0)
        #expect(ejection.count == 0)
        #expect(ejection.remaining(now: Self.time(5)) == nil)
        #expect(ejection.tick(now: Self.time(5)) == false)
    }

    @Test func itEndsWhenItsTimeIsOver() {
        var ejection = Ejection()
        #expect(Self.eject(&ejection, at: 100) == .seconds(30))
        #expect(ejection.state == .until(Self.time(130), reason: "refuses", badness: 0.4))
        #expect(ejection.reason == "refuses")
        #expect(ejection.badness == 0.4)
        #expect(ejection.remaining(now: Self.time(110)) == .seconds(20))
        #expect(ejection.tick(now: Self.time(129)) == false)
        #expect(ejection.tick(now: Self.time(130)) == true)
        #expect(!ejection.isEjected)
        #expect(ejection.tick(now: Self.time(131)) == false)
    }

    @Test func eachEjectionIsLongerUpToTheMaximum() {
        var ejection = Ejection()
        var now = 0
        var lengths: [TimeAmount] = []
        for _ in 0..<12 {
            let length = Self.eject(&ejection, at: now)
            lengths.append(length)
            now += Int(length.nanoseconds / 1_000_000_000)
            #expect(ejection.tick(now: Self.time(now)) == true)
        }
        let expected: [Int64] = [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]
        #expect(lengths == expected.map { .seconds($0) })
        #expect(ejection.count == 12)
    }

    @Test func timeInTheLoadIsForgivenStepByStep() {
        var ejection = Ejection()
        for second in [0, 100, 300] {
            _ = Self.eject(&ejection, at: second)
            _ = ejection.tick(now: Self.time(second + 90))
        }
        #expect(ejection.count == 3)
        // It was in the load from 90 to 100, from 190 to 300 and from 390 on.
        #expect(ejection.tick(now: Self.time(569)) == false)
        #expect(ejection.count == 3)
        #expect(ejection.tick(now: Self.time(570)) == false)
        #expect(ejection.count == 2)
        #expect(ejection.tick(now: Self.time(869)) == false)
        #expect(ejection.count == 2)
        #expect(ejection.tick(now: Self.time(10_000)) == false)
        #expect(ejection.count == 0)
        #expect(Self.eject(&ejection, at: 10_001) == .seconds(30))
    }

    @Test func timePutAsideIsNotForgiven() {
        var ejection = Ejection()
        _ = Self.eject(&ejection, at: 0)
        ejection.hold(reason: "behind", badness: 0.1, now: Self.time(1))
        #expect(ejection.tick(now: Self.time(100_000)) == false)
        #expect(ejection.count == 1)
        ejection.release(now: Self.time(100_000))
        #expect(Self.eject(&ejection, at: 100_299) == .seconds(60))
    }

    @Test func heldMeansUntilToldOtherwise() {
        var ejection = Ejection()
        ejection.hold(reason: "behind", badness: 0.2, now: Self.time(10))
        #expect(ejection.state == .held(reason: "behind", badness: 0.2))
        #expect(ejection.reason == "behind")
        #expect(ejection.badness == 0.2)
        #expect(ejection.count == 0)
        #expect(ejection.remaining(now: Self.time(20)) == nil)
        #expect(ejection.tick(now: Self.time(1_000_000)) == false)
        #expect(ejection.isEjected)
        ejection.release(now: Self.time(1_000_001))
        #expect(!ejection.isEjected)
    }

    @Test func anEjectionOfAPoolThatIsPutAsideChangesNothing() {
        var ejection = Ejection()
        _ = Self.eject(&ejection, at: 0)
        #expect(Self.eject(&ejection, at: 10) == .seconds(20))
        #expect(ejection.count == 1)
        ejection.hold(reason: "behind", badness: 0, now: Self.time(11))
        #expect(Self.eject(&ejection, at: 12) == .zero)
        #expect(ejection.state == .held(reason: "behind", badness: 0))
    }

    @Test func aReleaseEndsAnEjectionToo() {
        var ejection = Ejection()
        _ = Self.eject(&ejection, at: 0)
        ejection.release(now: Self.time(1))
        #expect(ejection.state == .none)
        #expect(ejection.count == 1)
    }

    @Test(arguments: [
        (Duration.zero, Duration.zero), (.seconds(Int64.max), .seconds(Int64.max)), (.seconds(-5), .seconds(-5)),
        (.seconds(30), .zero), (.seconds(Int64.max), .seconds(300)),
    ])
    func absurdSettingsDoNotTrap(length: Duration, maximum: Duration) {
        var ejection = Ejection()
        let configuration = OutlierConfiguration(ejection: length, ejectionMaximum: maximum)
        for second in 0..<20 {
            let length = ejection.eject(
                reason: "", badness: 0, configuration: configuration, now: Self.time(second * 1000)
            )
            #expect(length >= .zero && length <= max(.zero, TimeAmount(maximum)))
            _ = ejection.tick(now: Self.time(second * 1000 + 500))
            if second.isMultiple(of: 2) { ejection.release(now: Self.time(second * 1000 + 600)) }
        }
        _ = ejection.tick(now: .distantFuture)
    }
}
