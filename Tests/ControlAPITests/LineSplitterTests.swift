import NIOCore
import Testing

@testable import ControlAPI

@Suite struct LineSplitterTests {
    private func lines(_ chunks: [ByteBuffer], limit: Int = 100) throws -> [String] {
        var splitter = LineSplitter(limit: limit)
        var lines: [String] = []
        for chunk in chunks {
            splitter.append(chunk)
            while let line = try splitter.next() { lines.append(String(buffer: line)) }
        }
        return lines
    }

    @Test func linesAreTheSameWhereverTheBytesAreSplit() throws {
        let text = Array("one\n\ntwo\nthree".utf8)
        for first in 0...text.count {
            for second in first...text.count {
                let chunks = [text[..<first], text[first..<second], text[second...]].map { ByteBuffer(bytes: $0) }
                #expect(try self.lines(chunks) == ["one", "", "two"], "split at \(first) and \(second)")
            }
        }
    }

    @Test(arguments: [("1234\n", true), ("12345\n", false), ("1234", true), ("12345", false)])
    func lineMayBeAsLongAsTheLimit(text: String, fits: Bool) {
        var splitter = LineSplitter(limit: 4)
        splitter.append(ByteBuffer(string: text))
        if fits {
            #expect(throws: Never.self) { _ = try splitter.next() }
        } else {
            #expect(throws: LineSplitter.LineTooLong.self) { _ = try splitter.next() }
        }
    }
}
