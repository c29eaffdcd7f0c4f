import Testing

@testable import RouterCLI

@Suite struct CodePagesTests {
    @Test(arguments: [
        "7f0000001000-7f0000003000 r-xp 00001000 fe:00 131 /usr/lib/libc.so.6",
        "7f0000001000-7f0000003000 r-xp 00001000 fe:00 131                        /opt/a folder/router-cli",
    ])
    func codeIsGivenBack(line: String) {
        #expect(CodePages.codeRange(line[...]) == 0x7f00_0000_1000..<0x7f00_0000_3000)
    }

    @Test(arguments: [
        "7f0000001000-7f0000003000 r--p 00001000 fe:00 131 /usr/lib/libc.so.6",
        "7f0000001000-7f0000003000 rwxp 00001000 fe:00 131 /usr/lib/libc.so.6",
        "7f0000001000-7f0000003000 rw-p 00001000 fe:00 131 /usr/lib/libc.so.6",
        "7f0000001000-7f0000003000 r-xs 00001000 fe:00 131 /usr/lib/libc.so.6",
        "7f0000001000-7f0000003000 r-xp 00000000 00:00 0",
        "7f0000001000-7f0000003000 r-xp 00000000 00:00 0 [vdso]",
        "7f0000003000-7f0000001000 r-xp 00000000 fe:00 131 /usr/lib/libc.so.6",
        "x-7f0000001000 r-xp 00000000 fe:00 131 /usr/lib/libc.so.6",
        "",
    ])
    func anythingElseStays(line: String) {
        #expect(CodePages.codeRange(line[...]) == nil)
    }
}
