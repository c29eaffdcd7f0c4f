import Testing

@testable import Persistence

@Suite struct PoissonIntervalTests {
    /// Half the quantiles of chi-square, from a statistics library.
    struct Exact: Sendable {
        var count: Double
        var confidence = 0.95
        var lower: Double
        var upper: Double
    }

    private static let exact: [Exact] = [
        Exact(count: 0, lower: 0, upper: 3.6888794541139354),
        Exact(count: 1, lower: 0.025317807984289876, upper: 5.571643390938898),
        Exact(count: 2, lower: 0.24220927854396496, upper: 7.22468766772396),
        Exact(count: 5, lower: 1.6234863901184207, upper: 11.66833207932267),
        Exact(count: 10, lower: 4.7953886961324335, upper: 18.39035604201778),
        Exact(count: 20, lower: 12.216519585403944, upper: 30.8883779026746),
        Exact(count: 50, lower: 37.110963737461866, upper: 65.91876666433681),
        Exact(count: 0, confidence: 0.99, lower: 0, upper: 5.298317366548036),
        Exact(count: 1, confidence: 0.99, lower: 0.005012541823544282, upper: 7.430129500280121),
        Exact(count: 10, confidence: 0.99, lower: 3.716922131467118, upper: 21.397827499654273),
        Exact(count: 50, confidence: 0.99, lower: 33.66378165273958, upper: 71.26608847545108),
        Exact(count: 3, confidence: 0.999_999, lower: 0.014474761825516748, upper: 22.14842132490505),
        Exact(count: 3, confidence: 0.999_999_999, lower: 0.0014427698539150027, upper: 29.9222848761215),
        Exact(count: 0.01, lower: 0, upper: 3.7098800723067),
        Exact(count: 0.5, lower: 0.0004910345585876278, upper: 4.674201802248074),
        Exact(count: 2.5, lower: 0.41560580674333125, upper: 8.006382137314663),
    ]

    @Test(arguments: Self.exact) func smallCountsAreExact(row: Exact) {
        let bounds = PoissonInterval.bounds(count: row.count, confidence: row.confidence)
        // Beyond 0.99 the upper tail is the difference of two numbers near 1.
        let accuracy = row.confidence > 0.99 ? 1e-7 : 1e-9
        #expect(abs(bounds.lowerBound - row.lower) <= accuracy * row.lower + 1e-100)
        #expect(abs(bounds.upperBound - row.upper) <= accuracy * row.upper)
    }

    @Test(arguments: [
        Exact(count: 99.5, lower: 80.91309119682343, upper: 121.07793174019264),
        Exact(count: 100, lower: 81.36399125092314, upper: 121.62679379242638),
        Exact(count: 1_000, lower: 938.9730184076952, upper: 1063.952136016302),
        Exact(count: 1_000_000, lower: 998040.9833402939, upper: 1001961.9119454322),
    ])
    func greatCountsAreNearlyExact(row: Exact) {
        let bounds = PoissonInterval.bounds(count: row.count)
        #expect(abs(bounds.lowerBound / row.lower - 1) < 3e-5)
        #expect(abs(bounds.upperBound / row.upper - 1) < 3e-5)
    }

    @Test func boundsGrowWithTheCount() {
        var last = PoissonInterval.bounds(count: 0)
        for count in stride(from: 0.25, through: 250, by: 0.25) {
            let next = PoissonInterval.bounds(count: count)
            #expect(next.lowerBound >= last.lowerBound && next.upperBound > last.upperBound, "\(count)")
            #expect(next.contains(count), "\(count)")
            last = next
        }
    }

    @Test func nothingTrapsAndNothingIsNaN() {
        let odd: [Double] = [
            .nan, -.infinity, -1, -0.0, .leastNonzeroMagnitude, 1e-300, 1e-5, 1e15, 1e300, .greatestFiniteMagnitude,
            .infinity,
        ]
        for count in odd + [3] {
            for confidence in odd + [0, 1e-9, 0.5, 0.95, 1, 2] {
                let bounds = PoissonInterval.bounds(count: count, confidence: confidence)
                #expect(!bounds.lowerBound.isNaN && !bounds.upperBound.isNaN, "\(count) \(confidence)")
                #expect(bounds.lowerBound >= 0, "\(count) \(confidence)")
            }
        }
    }

    @Test(arguments: [
        (0.5, 0), (0.25, 0.6744897501960817), (0.1, 1.2815515655446004), (0.025, 1.959963984540054),
        (1e-6, 4.753424308822899), (1e-12, 7.034483825301131),
    ])
    func normalQuantilesAreExact(tail: Double, expected: Double) {
        #expect(abs(NormalDistribution.upperQuantile(tail) - expected) < 1e-11)
    }
}
