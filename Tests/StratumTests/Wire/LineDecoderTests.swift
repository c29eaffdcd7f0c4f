import NIOCore
import Stratum
import Testing

@Suite struct LineDecoderTests {
    private static let stream = "{\"a\":1}\n\r\n \t\n  {\"b\":2}\t\r\n{\"c\":3}\n\n{\"unfinished\""
    private static let lines = ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]

    private static func decode(_ pieces: [ArraySlice<UInt8>], limit: Int = 100) throws -> [String] {
        var decoder = LineDecoder(maximumLength: limit)
        var lines: [String] = []
        for piece in pieces {
            var buffer = ByteBuffer(bytes: piece)
            decoder.append(&buffer)
            #expect(buffer.readableBytes == 0)
            while let line = try decoder.nextLine() {
                lines.append(String(buffer: line))
            }
        }
        return lines
    }

    @Test func sameLinesAtEverySplitPoint() throws {
        let bytes = Array(Self.stream.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let lines = try Self.decode([bytes[..<first], bytes[first..<second], bytes[second...]])
                #expect(lines == Self.lines, "split at \(first) and \(second)")
            }
        }
    }

    @Test func sameLinesByteByByte() throws {
        let bytes = Array(Self.stream.utf8)
        #expect(try Self.decode(bytes.indices.map { bytes[$0...$0] }) == Self.lines)
    }

    @Test func linesAreTakenLater() throws {
        var decoder = LineDecoder(maximumLength: 100)
        for byte in Self.stream.utf8 {
            var buffer = ByteBuffer(bytes: [byte])
            decoder.append(&buffer)
        }
        var lines: [String] = []
        while let line = try decoder.nextLine() {
            lines.append(String(buffer: line))
        }
        #expect(lines == Self.lines)
    }

    @Test(arguments: [1, 2, 5, 64])
    func lineOfExactlyTheLimitPasses(pieceCount: Int) throws {
        let bytes = [UInt8](repeating: 0x78, count: 64) + [0x0A]
        let size = bytes.count / pieceCount + 1
        let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
        #expect(try Self.decode(pieces, limit: 64).first?.count == 64)
    }

    @Test(arguments: [true, false])
    func longerLineFailsForEver(isFinished: Bool) throws {
        var decoder = LineDecoder(maximumLength: 64)
        var buffer = ByteBuffer(string: "{}\n" + String(repeating: "x", count: 65) + (isFinished ? "\n{}\n" : ""))
        decoder.append(&buffer)
        #expect(try decoder.nextLine() == line("{}"))
        #expect(throws: StratumError.lineTooLong(limit: 64)) { try decoder.nextLine() }
        var more = ByteBuffer(string: "{}\n")
        decoder.append(&more)
        #expect(more.readableBytes == 0)
        #expect(throws: StratumError.lineTooLong(limit: 64)) { try decoder.nextLine() }
    }

    @Test func tenMegabytesWithoutLineEndFail() {
        var decoder = LineDecoder(maximumLength: 10_240)
        var buffer = ByteBuffer(repeating: 0x78, count: 10_000_000)
        decoder.append(&buffer)
        #expect(throws: StratumError.lineTooLong(limit: 10_240)) { try decoder.nextLine() }
    }

    @Test func linesAreSlicesOfWhatWasAppended() throws {
        var decoder = LineDecoder(maximumLength: 100)
        var buffer = ByteBuffer(string: "{\"a\":1}\n{\"b\":2}\n")
        let address = buffer.withUnsafeReadableBytes { $0.baseAddress }
        decoder.append(&buffer)
        let first = try #require(try decoder.nextLine())
        #expect(first.withUnsafeReadableBytes { $0.baseAddress } == address)
    }
}
