import NIOCore

extension Submission {
    /// Decodes the parameters of `mining.submit` straight from the bytes of `line`, which `scanner` reads.
    static func decode(
        _ params: Range<Int>?,
        in line: ByteBuffer,
        scanner: JSONScanner
    ) throws(StratumError) -> MinerRequest {
        let fields = try Fields(params, scanner: scanner)
        guard fields.count >= 5 else {
            return .malformedSubmit(reason: "Invalid array size")
        }
        guard let user = fields.user, !user.range.isEmpty else {
            return .malformedSubmit(reason: "No username")
        }
        guard let jobID = fields.jobID, !jobID.range.isEmpty else {
            return .malformedSubmit(reason: "No job_id")
        }
        guard let extranonce2 = fields.extranonce2, !extranonce2.range.isEmpty else {
            return .malformedSubmit(reason: "No nonce2")
        }
        guard let extranonce2 = scanner.withContent(extranonce2, { Extranonce2(hex: $0) }) else {
            return .malformedSubmit(reason: "Invalid nonce2")
        }
        guard let ntime = fields.ntime, !ntime.range.isEmpty else {
            return .malformedSubmit(reason: "No ntime")
        }
        guard let ntime = scanner.withContent(ntime, { Hex.uint32($0) }) else {
            return .malformedSubmit(reason: "Invalid ntime")
        }
        guard let nonce = fields.nonce, !nonce.range.isEmpty else {
            return .malformedSubmit(reason: "No nonce")
        }
        guard let nonce = scanner.withContent(nonce, { Hex.uint32($0) }) else {
            return .malformedSubmit(reason: "Invalid nonce")
        }
        var versionBits: UInt32?
        if fields.hasVersionBits {
            versionBits = fields.versionBits.flatMap { scanner.withContent($0, { Hex.uint32($0) }) }
            guard versionBits != nil else {
                return .malformedSubmit(reason: "Invalid version bits")
            }
        }
        return .submit(
            Submission(
                user: scanner.content(user, in: line),
                jobID: scanner.content(jobID, in: line),
                found: FoundNonce(extranonce2: extranonce2, ntime: ntime, nonce: nonce, versionBits: versionBits)
            )
        )
    }
}

/// Where the parameters of a submit are; nil for those that are no strings.
private struct Fields {
    var count = 0
    var user: JSONScanner.StringToken?
    var jobID: JSONScanner.StringToken?
    var extranonce2: JSONScanner.StringToken?
    var ntime: JSONScanner.StringToken?
    var nonce: JSONScanner.StringToken?
    var versionBits: JSONScanner.StringToken?
    /// There is a sixth parameter, neither null nor an empty string.
    var hasVersionBits = false

    /// No fields at all if `params` is missing or no array.
    init(_ params: Range<Int>?, scanner: JSONScanner) throws(StratumError) {
        guard let params, scanner.slice(params).first == UInt8(ascii: "[") else {
            return
        }
        var scanner = scanner
        scanner.position = params.lowerBound
        try scanner.forEachElement(depth: 1) { (scanner, depth) throws(StratumError) in
            let value = try scanner.skipValue(depth: depth)
            let token = scanner.stringToken(value)
            switch self.count {
            case 0: self.user = token
            case 1: self.jobID = token
            case 2: self.extranonce2 = token
            case 3: self.ntime = token
            case 4: self.nonce = token
            case 5:
                self.versionBits = token
                self.hasVersionBits = !scanner.isEqual(value, "null") && token?.range.isEmpty != true
            default: break
            }
            self.count += 1
        }
    }
}

extension JSONScanner {
    /// Passes the content of a string to `body`.
    func withContent<Value>(_ token: StringToken, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        guard token.hasEscapes else {
            return body(self.slice(token.range))
        }
        return JSONEscapes.resolving(self.slice(token.range)).withUnsafeBytes(body)
    }

    /// The content of a string: a slice of `line`, or a copy if there are escapes to resolve.
    func content(_ token: StringToken, in line: ByteBuffer) -> ByteBuffer {
        let start = line.readerIndex + token.range.lowerBound
        guard !token.hasEscapes, let slice = line.getSlice(at: start, length: token.range.count) else {
            return ByteBuffer(bytes: JSONEscapes.resolving(self.slice(token.range)))
        }
        return slice
    }
}
