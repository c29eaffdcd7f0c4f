import NIOCore
import Stratum
import Testing

@Suite struct CryptoNoteAlgorithmTests {
    private typealias Samples = CryptoNoteSamples

    @Test(arguments: [
        ("randomx", "rx/0"), ("rx", "rx/0"), ("RX/0", "rx/0"), ("randomx/wow", "rx/wow"), ("cryptonight/r", "cn/r"),
        ("cn", "cn/0"),
        ("gr", "ghostrider"),
    ])
    func namesOfOneAlgorithmAreEqual(name: String, usual: String) throws {
        let algorithm = try #require(CryptoNoteAlgorithm(name))
        #expect(Set([algorithm, try #require(CryptoNoteAlgorithm(usual))]).count == 1)
        #expect(algorithm.name == name)
        #expect(algorithm != CryptoNoteAlgorithm("rx/arq"))
    }

    /// The nonce is elsewhere in these blobs, and so is the byte that is divided.
    @Test(arguments: [("ghostrider", 76, 80), ("rx/yada", 147, 200), ("cn/r", 39, 76), ("panthera", 39, 43)])
    func theByteIsWhereTheAlgorithmHasIt(name: String, offset: Int, count: Int) throws {
        var blob = [UInt8](repeating: 0xAA, count: count)
        blob.replaceSubrange(offset..<(offset + 4), with: [0, 0, 0, 0])
        let (_, upstream) = try CryptoNoteLink.ready(
            Samples.job(blob: hex(blob), target: "0000ffff", algo: name))
        #expect(upstream.room == 1)
        var rig = try CryptoNoteRig(prefix: [0x5B])
        try rig.logIn()
        let reply = try Samples.object(rig.deliver(try rig.issue(upstream), upstream))
        let sent = try #require(reply["result"]?.object?["job"]?.object?["blob"]?.string)
        blob[offset + 3] = 0x5B
        #expect(sent == hex(blob))
    }

    @Test func oneAlgorithmHasAPlainTarget() throws {
        let blob = hex([UInt8](repeating: 0, count: 160))
        let (_, upstream) = try CryptoNoteLink.ready(Samples.job(blob: blob, target: "ffffffffffff", algo: "rx/yada"))
        #expect(upstream.difficulty == 65_536)
        var rig = try CryptoNoteRig()
        try rig.logIn()
        let reply = try Samples.object(rig.deliver(try rig.issue(upstream), upstream, difficulty: 65_536))
        #expect(reply["result"]?.object?["job"]?.object?["target"]?.string == "0000ffffffffffff")
    }

    /// Without the block before in its blob, a job is told by its height.
    @Test func heightStandsForTheBlock() throws {
        let blob = hex([UInt8](repeating: 0, count: 80))
        var (link, first) = try CryptoNoteLink.ready(Samples.job(blob: blob, algo: "gr"))
        #expect(first.work.tip == nil)
        let second = try link.job(Samples.job("j2", blob: blob, algo: "gr"))
        #expect(second.work.block == first.work.block && !second.work.isClean)
        let third = try link.job(Samples.job("j3", blob: blob, algo: "gr", height: 101))
        #expect(third.work.block != first.work.block && third.work.isClean)
    }

    @Test func jobsThatNameTheirAlgorithmMustBeWhole() throws {
        let job = Samples.job("j2")
        let seed = #","seed_hash":"\#(Samples.seed)""#
        for (text, isWork) in [
            (job.replacing(seed, with: ""), false), (job.replacing(Samples.seed, with: "00"), false),
            (job.replacing(seed, with: "").replacing("rx/0", with: "cn/r"), true),
            (job.replacing(seed, with: "").replacing(#","algo":"rx/0""#, with: ""), true),
            (job.replacing("rx/0", with: "kawpow"), false), (job.replacing(#""rx/0""#, with: "[]"), false),
        ] {
            var (link, _) = try CryptoNoteLink.ready()
            switch link.receive(Samples.notification(text)).event {
            case .job: #expect(isWork, "\(text)")
            case .failed: #expect(!isWork, "\(text)")
            default: Issue.record("\(text)")
            }
        }
    }
}
