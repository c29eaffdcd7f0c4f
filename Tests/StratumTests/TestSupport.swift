import Foundation
import NIOCore
import Stratum

/// The bytes of `text` as a received line.
func line(_ text: String) -> ByteBuffer {
    ByteBuffer(string: text)
}

/// What `write` appends to an empty buffer.
func written(_ write: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer()
    write(&buffer)
    return String(buffer: buffer)
}

/// The one line that `write` appends, without its LF.
func writtenLine(_ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
    var buffer = ByteBuffer()
    write(&buffer)
    return buffer.getSlice(at: buffer.readerIndex, length: max(buffer.readableBytes - 1, 0)) ?? ByteBuffer()
}

/// The bytes of hex digits; empty if they are none.
func bytes(_ hex: String) -> [UInt8] {
    Hex.decode(hex, maximumCount: .max) ?? []
}

/// The digits of `bytes`.
func hex(_ bytes: [UInt8]) -> String {
    written { Hex.append(bytes, to: &$0) }
}

/// A file of this target.
func resource(_ name: String, in folder: String) throws -> String {
    guard let root = Bundle.module.resourceURL else {
        throw CocoaError(.fileNoSuchFile)
    }
    let file = root.appendingPathComponent(folder).appendingPathComponent(name)
    return try String(contentsOf: file, encoding: .utf8)
}

/// `value` as JSON text.
func json(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): String(flag)
    case .integer(let number): String(number)
    case .number(let number): number.description
    case .string(let text): "\"\(text)\""
    case .array(let elements): "[" + elements.map(json).joined(separator: ",") + "]"
    case .object(let object):
        "{" + object.members.map { "\"\($0.name)\":\(json($0.value))" }.joined(separator: ",") + "}"
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

extension SeededGenerator {
    /// The bytes with so many changes: parts cut out, doubled or replaced, fragments and bytes put in, bits flipped, or
    /// everything anew.
    mutating func mutate(
        _ original: [UInt8], with fragments: [[UInt8]], changes: ClosedRange<Int> = 0...3
    ) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: changes, using: &self) {
            let start = Int.random(in: 0...bytes.count, using: &self)
            let end = Int.random(in: start...min(start + 12, bytes.count), using: &self)
            let fragment = fragments.randomElement(using: &self) ?? []
            switch Int.random(in: 0..<8, using: &self) {
            case 0: bytes.removeSubrange(start..<end)
            case 1: bytes.insert(contentsOf: fragment, at: start)
            case 2: bytes.insert(.random(in: 0...255, using: &self), at: start)
            case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
            case 4: bytes.removeSubrange(start...)
            case 5: bytes.replaceSubrange(start..<end, with: fragment)
            case 6:
                bytes = []
                for _ in 0..<Int.random(in: 0...80, using: &self) { bytes.append(.random(in: 0...255, using: &self)) }
            default: if start < bytes.count { bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &self) }
            }
        }
        return bytes
    }
}
