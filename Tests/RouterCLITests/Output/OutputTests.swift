import Foundation
import Testing

@testable import RouterCLI

@Suite struct OutputTests {
    private static let columns = ["name", "shares", "note"]
    private static let rows: [[OutputValue]] = [
        [.text("rig 1"), .integer(7), .null],
        [.text("a \"b\", c\r\n"), .number(1.5), .text("=x")],
        [.text("\u{1B}[2J\u{202E}é⛏"), .measure(1_250_000, shown: "1.25 M"), .flag(true)],
    ]

    private static func print(_ format: OutputFormat, _ rows: [[OutputValue]] = Self.rows) throws -> String {
        var text = ""
        var printer = try RowPrinter(format: format, columns: Self.columns) { text += $0 }
        for row in rows { try printer.add(row) }
        try printer.finish()
        return text
    }

    @Test func tableAlignsNumbersRightAndDisarmsNames() throws {
        #expect(
            try Self.print(.table) == """
                name                 shares  note
                rig 1                     7  -
                a "b", c\\u{d}\\u{a}      1.5  =x
                \\u{1b}[2J\\u{202e}é⛏  1.25 M  yes

                """
        )
    }

    @Test func jsonIsOneObjectALine() throws {
        #expect(
            try Self.print(.json) == """
                {"name":"rig 1","shares":7,"note":null}
                {"name":"a \\"b\\", c\\r\\n","shares":1.5,"note":"=x"}
                {"name":"\\u001b[2J\u{202E}é⛏","shares":1250000,"note":true}

                """
        )
    }

    @Test func aReaderThatHasGoneIsNoError() throws {
        let broken = NSError(domain: NSPOSIXErrorDomain, code: Int(EPIPE))
        let wrapped = NSError(domain: NSCocoaErrorDomain, code: 512, userInfo: [NSUnderlyingErrorKey: broken])
        #expect(StandardOutput.status(of: broken) == ExitStatus.brokenPipe)
        #expect(StandardOutput.status(of: wrapped) == ExitStatus.brokenPipe)
        let other = NSError(domain: NSPOSIXErrorDomain, code: Int(EIO))
        #expect(StandardOutput.status(of: other) == ExitStatus.output)
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        signal(SIGPIPE, SIG_IGN)
        let error = #expect(throws: (any Error).self) {
            try pipe.fileHandleForWriting.write(contentsOf: Data("x".utf8))
        }
        #expect(StandardOutput.status(of: try #require(error)) == ExitStatus.brokenPipe)
    }

    @Test func csvQuotesWhatNeedsIt() throws {
        #expect(
            try Self.print(.csv)
                == #"name,shares,note|rig 1,7,|"a ""b"", c\u{d}\u{a}",1.5,=x|\u{1b}[2J\u{202e}é⛏,1250000,true|"#
                .replacing("|", with: "\r\n")
        )
    }

    @Test(
        arguments: [(.table, "name  shares  note\n"), (.json, ""), (.csv, "name,shares,note\r\n")]
            as [(OutputFormat, String)])
    func nothingIsStillAResult(format: OutputFormat, text: String) throws {
        #expect(try Self.print(format, []) == text)
    }

    @Test(arguments: [
        (OutputFormat.table, "shares  note\n     7  -\n     8  x\n"), (.csv, "name,shares,note\r\n,7,\r\n,8,x\r\n"),
    ])
    func onlyTablesLeaveOutEmptyColumns(format: OutputFormat, expected: String) throws {
        var text = ""
        var printer = try RowPrinter(format: format, columns: Self.columns, leavesOutEmpty: true) { text += $0 }
        try printer.add([.null, .integer(7), .null])
        try printer.add([.text(""), .integer(8), .text("x")])
        try printer.finish()
        #expect(text == expected)
    }

    @Test func tableWithoutRowsHasAllColumns() throws {
        var text = ""
        let printer = try RowPrinter(format: .table, columns: Self.columns, leavesOutEmpty: true) { text += $0 }
        try printer.finish()
        #expect(text == "name  shares  note\n")
    }

    @Test(
        arguments: [(.number(.nan), "null"), (.number(1e300), "1e+300"), (.number(-2), "-2"), (.number(0.1), "0.1")]
            as [(OutputValue, String)])
    func numbersAreValidJSON(value: OutputValue, text: String) {
        #expect(value.json == text)
    }
}
