import Foundation
import PoolPool

/// A host and a port, as listeners and pools have them.
struct HostAndPort: Sendable, Hashable, CustomStringConvertible {
    var host: String
    var port: Int

    /// `host:port`, IPv6 addresses in brackets.
    var description: String { self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)" }

    /// True when one process cannot listen on both.
    func overlaps(_ other: Self) -> Bool {
        guard self.port == other.port else { return false }
        return self.host == other.host || self.covers(other) || other.covers(self)
    }

    /// `::` takes IPv4 connections too.
    private func covers(_ other: Self) -> Bool {
        self.host == "::" || (self.host == "0.0.0.0" && !other.host.contains(":"))
    }

    /// Reads `host:port`. `hint` is what a forgotten port could have been.
    static func parse(_ text: Substring, hint: Int) throws(ValueProblem) -> Self {
        let host: Substring
        let rest: Substring
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]") else {
                throw ValueProblem("lacks the \"]\" after the IPv6 address")
            }
            host = text[..<close].dropFirst()
            rest = text[close...].dropFirst()
            guard isIPv6(host) else { throw ValueProblem("has no IPv6 address between \"[\" and \"]\"") }
        } else {
            host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
            guard !rest.dropFirst().contains(":") else {
                throw ValueProblem("has several colons; put an IPv6 address in brackets, as in [::1]:\(hint)")
            }
            guard text.isEmpty || !text.allSatisfy(\.isNumber) else {
                throw ValueProblem("has only a port; write an address before it, as in 0.0.0.0:\(text)")
            }
            guard isHost(host) else {
                throw ValueProblem(
                    "has no proper host before the port; write a name or an address, as in 192.0.2.7:\(hint)"
                )
            }
        }
        guard rest.first == ":" else { throw ValueProblem("has no port; the usual one would be :\(hint)") }
        let digits = rest.dropFirst()
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(digits), (1...65535).contains(port)
        else {
            throw ValueProblem("has an impossible port; write one from 1 to 65535, as in :\(hint)")
        }
        return Self(host: host.lowercased(), port: port)
    }

    private static func isHost(_ text: Substring) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        // What looks like an IPv4 address has to be one: 10.0.0.256 is no name.
        if text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) {
            var address = in_addr()
            return inet_pton(AF_INET, String(text), &address) == 1
        }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        }
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, String(text), &address) == 1
    }
}

extension ValueType where Value == HostAndPort {
    /// Where to listen.
    static func address(hint: Int) -> Self {
        ValueType(name: "address and port") { text throws(ValueProblem) in
            try HostAndPort.parse(text[...], hint: hint)
        } format: {
            $0.description
        }
    }
}

extension ValueType where Value == PoolEndpoint {
    /// `stratum+tcp://host:port`.
    static let poolURL = ValueType(name: "URL of a pool") { text throws(ValueProblem) in
        // Before anything that would show the text: what stands before the "@" may be a password.
        guard !text.contains("@") else {
            throw ValueProblem(complete: "credentials in a URL are refused; write them as user: and password:")
        }
        guard let separator = text.firstRange(of: "://") else {
            throw ValueProblem("is no URL; write stratum+tcp:// or stratum+ssl:// before the host")
        }
        let transport: PoolEndpoint.Transport
        switch text[..<separator.lowerBound].lowercased() {
        case "stratum+tcp": transport = .tcp
        case "stratum+ssl", "stratum+tls", "stratum+tcps": transport = .tls
        case "stratum2+tcp", "stratum2+ssl":
            throw ValueProblem(
                "is a Stratum V2 URL, which is not supported; use the pool's stratum+tcp:// or stratum+ssl://"
            )
        default: throw ValueProblem("begins with an unknown scheme; write stratum+tcp:// or stratum+ssl://")
        }
        var rest = text[separator.upperBound...]
        if rest.last == "/" { rest = rest.dropLast() }
        guard !rest.contains(where: { "/?#".contains($0) }) else {
            throw ValueProblem("has something after the port; write only scheme, host and port")
        }
        let address = try HostAndPort.parse(rest, hint: 3333)
        return PoolEndpoint(transport: transport, host: address.host, port: address.port)
    } format: {
        $0.description
    }
}
