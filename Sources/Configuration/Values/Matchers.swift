import Foundation
import Router

extension ValueType where Value == WorkerPattern {
    /// A login with wildcards.
    static let workerPattern = ValueType(name: "login with * and ?, at most 255 bytes") { text throws(ValueProblem) in
        try refuseControlCharacters(in: text)
        guard !text.isEmpty else { throw ValueProblem("is empty; write a login, as in farm.* for all of a farm") }
        guard text.utf8.count <= 255 else { throw ValueProblem("is longer than 255 bytes, more than a login has") }
        return WorkerPattern(text)
    } format: {
        $0.text
    }
}

extension ValueType where Value == NetworkPrefix {
    /// An address, or a network in CIDR notation.
    static let network = ValueType(name: "network, as 10.1.0.0/16") { text throws(ValueProblem) in
        guard !text.contains("%") else { throw ValueProblem("names an interface; write the address without \"%\"") }
        guard let network = NetworkPrefix(text) else {
            throw ValueProblem("is no network; write an address and the bits that count, as in 10.1.0.0/16 or fd00::/8")
        }
        return network
    } format: {
        $0.description
    }
}

extension NetworkPrefix {
    /// The same network with zeros behind the prefix; nil if they are zeros already.
    var withoutHostBits: NetworkPrefix? {
        let parts = self.description.split(separator: "/")
        guard self.hasHostBits, parts.count == 2, let bits = Int(parts[1]) else { return nil }
        var storage = [UInt8](repeating: 0, count: 16)
        let isIPv4: Bool
        if inet_pton(AF_INET, String(parts[0]), &storage) == 1 {
            isIPv4 = true
        } else if inet_pton(AF_INET6, String(parts[0]), &storage) == 1 {
            // An IPv4 address in IPv6 form is taken for what it is.
            isIPv4 = storage.starts(with: [UInt8](repeating: 0, count: 10) + [0xff, 0xff])
            if isIPv4 { storage = Array(storage.suffix(4)) }
        } else {
            return nil
        }
        for index in storage.indices {
            let kept = min(8, max(0, bits - index * 8))
            storage[index] &= kept == 8 ? 0xff : ~(0xff >> UInt8(kept))
        }
        var text = [CChar](repeating: 0, count: 64)
        guard inet_ntop(isIPv4 ? AF_INET : AF_INET6, storage, &text, socklen_t(text.count)) != nil else { return nil }
        let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return NetworkPrefix("\(address)/\(bits)")
    }
}
