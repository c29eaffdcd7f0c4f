import Testing

@testable import ControlAPI

@Suite struct SimilarNamesTests {
    private static let names = ["farm.rig1", "farm.rig2", "farm.rig10", "Barn.North.Rig1", "x", "", "ferme.rig3"]

    @Test(arguments: [
        ("farm.rig3", ["farm.rig1", "farm.rig2", "farm.rig10", "ferme.rig3"]),
        ("rig1", ["farm.rig1", "farm.rig10", "Barn.North.Rig1"]),
        ("FARM.RIG10", ["farm.rig10", "farm.rig1", "farm.rig2"]),
        ("farm.rig1.spare", ["farm.rig1"]),
        ("x", ["x"]), ("y", ["x"]), ("nothing like it", []), ("", []),
    ])
    func nearestComeFirst(name: String, similar: [String]) {
        #expect(SimilarNames.find(name, among: Self.names, limit: 5) == similar)
    }

    @Test func eachNameComesOnceAndOnlySoMany() {
        let names = (0..<100).map { "rig\($0 % 10)" }
        #expect(SimilarNames.find("rig", among: names, limit: 5) == ["rig0", "rig1", "rig2", "rig3", "rig4"])
    }

    @Test func endlessNamesAreComparedByTheirBeginnings() {
        let long = String(repeating: "a", count: 100_000)
        #expect(SimilarNames.find(long, among: [long + "b", "b"], limit: 5) == [long + "b"])
        let combined = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(SimilarNames.find(combined, among: [combined, "b"], limit: 5) == [combined])
    }
}
