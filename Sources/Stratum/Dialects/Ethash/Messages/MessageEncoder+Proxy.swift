import NIOCore

/// eth-proxy (ethereum §1): JSON-RPC 2.0, all values in hex digits with `0x`.
extension MessageEncoder {
    /// The reply to `eth_getWork`, and with id 0 the push of new work; `result` is JSON.
    static func proxyResult(id: MessageID, _ result: ByteBuffer, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"jsonrpc\":\"2.0\",\"result\":")
        buffer.writeImmutableBuffer(result)
        buffer.writeStaticString("}\n")
    }

    /// The reply to everything else that succeeds.
    static func proxyTrue(id: MessageID, into buffer: inout ByteBuffer) {
        self.proxyResult(id: id, ByteBuffer(string: "true"), into: &buffer)
    }

    /// A refusal, for miners that look at the result and for those that look for an error.
    static func proxyError(id: MessageID, code: Int, message: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"jsonrpc\":\"2.0\",\"result\":false,\"error\":{\"code\":")
        buffer.writeJSON(code)
        buffer.writeStaticString(",\"message\":")
        buffer.writeJSON(message)
        buffer.writeStaticString("}}\n")
    }

    /// The work as `eth_getWork` returns it: header, seed, target, and the height if it is known.
    static func proxyWork(_ work: EthashWork, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("[")
        buffer.writeProxyHex(work.header.displayHex)
        buffer.writeComma()
        buffer.writeProxyHex((work.seed ?? .zero).displayHex)
        buffer.writeComma()
        buffer.writeProxyHex(work.target.value.displayHex)
        if let height = work.height {
            buffer.writeComma()
            buffer.writeProxyHex(String(height, radix: 16))
        }
        buffer.writeStaticString("]")
    }

    /// `eth_submitLogin`. A rig behind a wallet's address is named in a member of its own; any other account goes as it
    /// is, since its name may hold dots.
    static func proxyLogin(id: Int, user: String, password: String, into buffer: inout ByteBuffer) {
        let (account, rig) = self.proxyAccount(user)
        self.beginProxyRequest(id: id, method: "eth_submitLogin", into: &buffer)
        buffer.writeJSON(account)
        buffer.writeComma()
        buffer.writeJSON(password)
        self.endProxyRequest(rig: rig, into: &buffer)
    }

    /// `eth_getWork`.
    static func proxyGetWork(id: Int, into buffer: inout ByteBuffer) {
        self.beginProxyRequest(id: id, method: "eth_getWork", into: &buffer)
        self.endProxyRequest(rig: nil, into: &buffer)
    }

    /// `eth_submitWork`: the nonce, which is the prefix and the miner's part together, the header and the mix digest.
    static func proxySubmit(id: Int, _ share: PoolShare, user: String, into buffer: inout ByteBuffer) {
        self.beginProxyRequest(id: id, method: "eth_submitWork", into: &buffer)
        buffer.writeStaticString("\"0x")
        buffer.writeEthashNonce(share)
        buffer.writeStaticString("\",")
        buffer.writeJSON(share.jobID)
        buffer.writeStaticString(",\"0x")
        if let mix = share.found.proof { Hex.append(mix.readableBytesView, to: &buffer) }
        buffer.writeStaticString("\"")
        self.endProxyRequest(rig: self.proxyAccount(user).rig, into: &buffer)
    }

    private static func proxyAccount(_ user: String) -> (account: String, rig: String?) {
        guard let dot = user.firstIndex(of: "."), Hex.decode(String(user[..<dot]), maximumCount: 20)?.count == 20 else {
            return (user, nil)
        }
        return (String(user[..<dot]), String(user[dot...].dropFirst()))
    }

    private static func beginProxyRequest(id: Int, method: StaticString, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"id\":")
        buffer.writeJSON(id)
        buffer.writeStaticString(",\"jsonrpc\":\"2.0\",\"method\":\"")
        buffer.writeStaticString(method)
        buffer.writeStaticString("\",\"params\":[")
    }

    private static func endProxyRequest(rig: String?, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("]")
        if let rig {
            buffer.writeStaticString(",\"worker\":")
            buffer.writeJSON(rig)
        }
        buffer.writeStaticString("}\n")
    }
}

extension ByteBuffer {
    fileprivate mutating func writeProxyHex(_ digits: String) {
        self.writeStaticString("\"0x")
        self.writeString(digits)
        self.writeStaticString("\"")
    }

    /// What the pool leaves of the nonce to its client, in hex digits.
    mutating func writeEthashNonce(_ share: PoolShare) {
        Hex.append(share.padding, to: &self)
        Hex.append(share.prefix, to: &self)
        share.found.extranonce2.appendHex(to: &self)
    }
}
