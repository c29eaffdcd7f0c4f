import NIOCore
import Stratum
import Testing

@Suite struct LineKindTests {
    @Test(
        arguments: [
            ("{\"id\":1}", .json), ("  {", .json), ("[{}]", .json),
            ("GET / HTTP/1.1", .http), ("POST /rpc", .http), ("GETTING", .garbage),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2", .proxyProtocol),
            ("\u{16}\u{03}\u{01}", .tls),
            ("", .garbage), ("   ", .garbage), ("hello", .garbage), ("\u{00}\u{00}", .garbage),
        ] as [(String, LineKind)]
    )
    func firstBytesTellWhoCalls(text: String, kind: LineKind) {
        #expect(LineKind(line(text)) == kind)
    }
}
