import CRelay
import Glibc

/// Reads the lines of many sockets through one piece of memory; what is left of a line is kept for its socket.
final class LineReader {
    private let scratch: UnsafeMutableRawBufferPointer
    private var rest: [Int32: [UInt8]] = [:]

    init() { self.scratch = .allocate(byteCount: 1 << 18, alignment: 16) }

    deinit { self.scratch.deallocate() }

    /// Calls `body` with each complete line. False when the connection has ended.
    func read(_ socket: Int32, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        var kept = 0
        if let begun = self.rest.removeValue(forKey: socket) {
            kept = begun.count
            self.scratch.copyBytes(from: begun)
        }
        guard let base = self.scratch.baseAddress else { return false }
        let count = recv(socket, base + kept, self.scratch.count - kept, 0)
        guard count > 0 else { return count < 0 && errno == EAGAIN }
        let bytes = UnsafeRawBufferPointer(rebasing: self.scratch[..<(kept + count)])
        var start = 0
        while start < bytes.count, let end = memchr(base + start, 0x0A, bytes.count - start) {
            let stop = UnsafeMutableRawPointer(end) - base
            body(UnsafeRawBufferPointer(rebasing: bytes[start..<stop]))
            start = stop + 1
        }
        if start < bytes.count { self.rest[socket] = Array(bytes[start...]) }
        return true
    }

    func forget(_ socket: Int32) { self.rest[socket] = nil }
}

/// Just enough of JSON for lines whose shape is known.
extension UnsafeRawBufferPointer {
    func contains(_ text: StaticString) -> Bool { self.offset(of: text) != nil }

    /// Where `text` begins.
    func offset(of text: StaticString, from start: Int = 0) -> Int? {
        guard start <= self.count, let base = self.baseAddress else { return nil }
        let found = relay_find(base + start, self.count - start, text.utf8Start, text.utf8CodeUnitCount)
        return found < 0 ? nil : start + found
    }

    /// The whole number behind `key`, as in `"id":12`.
    func number(behind key: StaticString) -> Int? {
        guard let start = self.offset(of: key) else { return nil }
        var index = start + key.utf8CodeUnitCount
        while index < self.count, self[index] == 0x20 { index += 1 }
        var value: Int?
        while index < self.count, (0x30...0x39).contains(self[index]) {
            value = (value ?? 0) * 10 + Int(self[index] - 0x30)
            index += 1
        }
        return value
    }

    /// The text number `index` (from 0) between quotes behind `key`.
    func text(_ index: Int, behind key: StaticString) -> UnsafeRawBufferPointer? {
        guard var position = self.offset(of: key).map({ $0 + key.utf8CodeUnitCount }) else { return nil }
        for remaining in stride(from: index, through: 0, by: -1) {
            guard let open = self.offset(of: "\"", from: position),
                let close = self.offset(of: "\"", from: open + 1)
            else { return nil }
            if remaining == 0 { return UnsafeRawBufferPointer(rebasing: self[(open + 1)..<close]) }
            position = close + 1
        }
        return nil
    }

    /// The value of hexadecimal digits.
    var hexadecimal: Int? {
        var value = 0
        for digit in self {
            switch digit {
            case 0x30...0x39: value = value << 4 | Int(digit - 0x30)
            case 0x61...0x66: value = value << 4 | Int(digit - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}
