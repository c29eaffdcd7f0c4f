import Testing

@testable import Persistence

@Suite struct CSVTableTests {
    struct Good: Sendable {
        var text: String
        var separator: Character?
        var rows: [[String]]
    }

    @Test(arguments: [
        Good(text: "a,b\n1,2\n", rows: [["a", "b"], ["1", "2"]]),
        Good(text: "a,b\r\n1,2", rows: [["a", "b"], ["1", "2"]]),
        Good(text: "a,b\r1,2\r", rows: [["a", "b"], ["1", "2"]]),
        Good(text: "\u{FEFF}a,b\n1,2\n", rows: [["a", "b"], ["1", "2"]]),
        Good(text: "\n\na,b\n\n1,2\n\n", rows: [["a", "b"], ["1", "2"]]),
        Good(text: "a,b\n,\n", rows: [["a", "b"], ["", ""]]),
        Good(text: "a;b;c,d\n1;2;3\n", rows: [["a", "b", "c,d"], ["1", "2", "3"]]),
        Good(text: "a\tb\n1,5\t2\n", rows: [["a", "b"], ["1,5", "2"]]),
        Good(text: "a,b;c\n1,2;3\n", separator: ";", rows: [["a,b", "c"], ["1,2", "3"]]),
        Good(
            text: "\"a;;;\",b\n\"say \"\"hi\"\"\r\nyou\",2\n",
            rows: [["a;;;", "b"], ["say \"hi\"\nyou", "2"]]
        ),
        Good(text: "a,b\n\"\",\"x\"", rows: [["a", "b"], ["", "x"]]),
        Good(text: "käfer,⛏\nü,é\n", rows: [["käfer", "⛏"], ["ü", "é"]]),
    ])
    func isRead(good: Good) throws {
        let table = try CSVTable(Array(good.text.utf8), separator: good.separator)
        #expect(([table.header] + table.rows).map { $0.map(\.text) } == good.rows)
    }

    @Test(arguments: [
        ("", "line 1, column 1: the text is empty: a line with the names of the columns is needed"),
        ("\u{FEFF}\r\n", "line 1, column 1: the text is empty: a line with the names of the columns is needed"),
        ("a,b\n1,2,3\n", "line 2, column 1: 3 values, but the header has 2"),
        ("a,b\n1,2\n\n1\n", "line 4, column 1: 1 values, but the header has 2"),
        ("a,b\n1,\"x\n\n", "line 2, column 3: a quote that is never closed"),
        ("a,b\n\"1\"x,2\n", "line 2, column 4: a closing quote must be followed by a separator"),
        ("a,b\nün\"1,2\n", "line 2, column 3: a quote within a value that does not begin with one"),
    ])
    func isRefusedWithItsPlace(text: String, error: String) {
        #expect { try CSVTable(Array(text.utf8)) } throws: { "\($0)" == error }
    }

    @Test func otherEncodingsAreRefused() {
        #expect { try CSVTable([0xFF, 0xFE, 0x61, 0]) } throws: { "\($0)".contains("UTF-16") }
        #expect { try CSVTable(Array("a,b\n1,".utf8) + [0xFF, 0x0A]) } throws: {
            "\($0)" == "line 2, column 1: the text is not UTF-8"
        }
    }

    @Test func nothingTraps() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("a1,;\t\"\r\n.-e".utf8) + [0xFF, 0xC3, 0xBC, 0]
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...30, using: &generator)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            guard let table = try? CSVTable(bytes) else { continue }
            #expect(table.rows.allSatisfy { $0.count == table.header.count }, "seed \(seed)")
            var format = PoolStatementFormat()
            format.timeColumn = table.header.first?.text
            format.workColumn = table.header.last?.text
            _ = try? format.read(table)
        }
    }
}
