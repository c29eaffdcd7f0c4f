import NIOCore

/// Why the parameters of `mining.submit` are no share.
struct MalformedSubmission: Error {
    var reason: String
}

extension Submission {
    /// The most bytes of a solution that are taken, those of its length included. The longest in use has 1,411.
    static let maximumSolutionCount = 2048

    /// Decodes `[worker, job, time, NONCE_2, solution]` straight from the bytes of `line`, which `scanner` reads.
    ///
    /// The time is little-endian on the wire; ``ntime`` has it as a number of seconds. The proof is the solution as it
    /// was sent, with its length before it, so that it goes to the pool unchanged.
    init(equihash params: Range<Int>?, in line: ByteBuffer, scanner: JSONScanner) throws(MalformedSubmission) {
        let fields = EquihashSubmissionFields(params, scanner: scanner)
        guard fields.count >= 5 else { throw MalformedSubmission(reason: "Invalid array size") }
        guard let user = fields.user, !user.range.isEmpty else { throw MalformedSubmission(reason: "No username") }
        guard let jobID = fields.jobID, !jobID.range.isEmpty else { throw MalformedSubmission(reason: "No job_id") }
        guard let time = fields.time.flatMap({ scanner.withContent($0, Self.littleEndian) }) else {
            throw MalformedSubmission(reason: "Invalid ntime")
        }
        guard let nonce2 = fields.nonce2.flatMap({ scanner.withContent($0, { Extranonce2(hex: $0) }) }) else {
            throw MalformedSubmission(reason: "Invalid nonce2")
        }
        guard let solution = fields.solution.flatMap({ scanner.withContent($0, Self.solution) }) else {
            throw MalformedSubmission(reason: "Invalid solution")
        }
        self.init(
            user: scanner.content(user, in: line),
            jobID: scanner.content(jobID, in: line),
            found: FoundNonce(extranonce2: nonce2, ntime: time, proof: solution)
        )
    }

    /// The number of exactly eight digits, the lowest byte first; nil if they are none.
    private static func littleEndian(_ digits: UnsafeRawBufferPointer) -> UInt32? {
        guard digits.count == 8 else { return nil }
        return Hex.integer(digits, maximumDigits: 8).map { UInt32(truncatingIfNeeded: $0).byteSwapped }
    }

    /// The bytes of an even number of digits; nil if they are none, or too many.
    private static func solution(_ hex: UnsafeRawBufferPointer) -> ByteBuffer? {
        let digits = Hex.withoutPrefix(hex)
        guard digits.count.isMultiple(of: 2), (2...2 * Self.maximumSolutionCount).contains(digits.count) else {
            return nil
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let nibble = Hex.nibble(digit) else { return nil }
            if let first = high {
                bytes.writeInteger(first << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        return bytes
    }
}

/// Where the parameters of a submit are; nil for those that are no strings.
private struct EquihashSubmissionFields {
    var count = 0
    var user: JSONScanner.StringToken?
    var jobID: JSONScanner.StringToken?
    var time: JSONScanner.StringToken?
    var nonce2: JSONScanner.StringToken?
    var solution: JSONScanner.StringToken?

    /// No fields at all if `params` is missing or no array.
    init(_ params: Range<Int>?, scanner: JSONScanner) {
        guard let params, scanner.slice(params).first == UInt8(ascii: "[") else { return }
        var scanner = scanner
        scanner.position = params.lowerBound
        // The envelope was read, so that this is JSON.
        try? scanner.forEachElement(depth: 1) { (scanner, depth) throws(StratumError) in
            let token = scanner.stringToken(try scanner.skipValue(depth: depth))
            switch self.count {
            case 0: self.user = token
            case 1: self.jobID = token
            case 2: self.time = token
            case 3: self.nonce2 = token
            case 4: self.solution = token
            default: break
            }
            self.count += 1
        }
    }
}
