import PoolPool
import Router
import Stratum
import Testing

/// What miners of Ethash say, and jobs for them.
struct EthashLines {
    static let mix = "0x" + String(repeating: "0a", count: 32)

    /// EthereumStratum/1.0.0.
    let subscribe = #"{"id":1,"method":"mining.subscribe","params":["miner/1","EthereumStratum/1.0.0"]}"#
    let authorize = #"{"id":2,"method":"mining.authorize","params":["acct.w1","x"]}"#
    let takesChanges = #"{"id":3,"method":"mining.extranonce.subscribe","params":[]}"#

    /// eth-proxy.
    let login = #"{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0xacct.w1"]}"#
    let getWork = #"{"id":2,"jsonrpc":"2.0","method":"eth_getWork","params":[]}"#

    var dialect: EthashDialect {
        get throws { try EthashDialect(DialectOptions()) }
    }

    /// A header of which the last byte is `number`.
    static func header(_ number: UInt8) -> String {
        String(repeating: "64", count: 31) + String(Int(number) | 0x100, radix: 16).dropFirst()
    }

    /// The pool's job `id`, a number, of which it also has its header.
    func job(_ id: String, extranonce: [UInt8] = [], flavor: EthashFlavor = .stratum1) throws -> UpstreamJob {
        EthashWork(
            id: id,
            flavor: flavor,
            header: try #require(Hash256(displayHex: Self.header(UInt8(id) ?? 0))),
            seed: Hash256(displayHex: String(repeating: "29", count: 32)),
            target: Target(difficulty: 1),
            stratumDifficulty: flavor == .stratum1 ? 1 : nil,
            extranonce: extranonce,
            isClean: true,
            block: [UInt8(id) ?? 0]
        ).upstreamJob
    }

    /// EthereumStratum/1.0.0: what the miner adds to what it was told.
    func submit(_ job: IssuedJob, _ nonce: String, id: Int = 5) -> String {
        #"{"id":\#(id),"method":"mining.submit","params":["acct.w1","\#(job.id)","\#(nonce)"]}"#
    }

    /// eth-proxy: the whole nonce, for the header of job `id`.
    func submitWork(_ id: UInt8, nonce: String, request: Int = 5) -> String {
        #"{"id":\#(request),"method":"eth_submitWork","params":["0x\#(nonce)","0x\#(Self.header(id))","\#(Self.mix)"]}"#
    }
}
