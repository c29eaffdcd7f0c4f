import NIOCore
import Stratum
import Testing

@Suite struct HexTests {
    @Test(
        arguments: [
            ("", []), ("00ff", [0, 255]), ("0xABcd", [0xAB, 0xCD]), ("0X01", [1]), ("0x", []),
            ("0", nil), ("0g", nil), ("0x0", nil), (" 00", nil), ("0000000000", nil), ("é", nil),
        ] as [(String, [UInt8]?)]
    )
    func bytesOfAtMostFour(text: String, bytes: [UInt8]?) {
        #expect(Hex.decode(text, maximumCount: 4) == bytes)
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("ffffffff", .max), ("0xFFFFFFFF", .max), ("1fffe000", 0x1FFF_E000),
            ("504e86e", 0x0504_E86E),
            ("", nil), ("0x", nil), ("100000000", nil), ("-1", nil), ("+1", nil), (" 1", nil), ("xyz", nil),
        ] as [(String, UInt32?)]
    )
    func numbersArePaddedOnTheLeft(text: String, number: UInt32?) {
        #expect(Hex.uint32(text.utf8) == number)
    }

    @Test(
        arguments: [
            ("", 0, 0), ("00000000", 0, 4), ("01000000", 0x0100_0000, 4), ("0xFF", 255, 1),
            ("0102030405060708", 0x0102_0304_0506_0708, 8), ("ffffffffffffffff", .max, 8),
        ] as [(String, UInt64, Int)]
    )
    func extranonce2KeepsBytesAndCount(text: String, value: UInt64, count: Int) throws {
        let extranonce2 = try #require(Extranonce2(hex: text))
        #expect(extranonce2.value == value)
        #expect(extranonce2.count == count)
        #expect(extranonce2.bytes.count == count)
        #expect(extranonce2 == Extranonce2(bytes: extranonce2.bytes))
        #expect(extranonce2 == Extranonce2(value: value, count: count))
        #expect(written { extranonce2.appendHex(to: &$0) } == hex(extranonce2.bytes))
        #expect(written { extranonce2.appendBytes(to: &$0) }.utf8.isEmpty == (count == 0))
    }

    @Test(
        arguments: [
            "0", "000", "0g", "      01", "0 ", "00000000000000000", String(repeating: "0", count: 66), "0x0",
            String(repeating: "0", count: 63), "0x" + String(repeating: "0", count: 66),
        ]
    )
    func oddBlankPaddedOrLongExtranonce2IsRefused(text: String) {
        #expect(Extranonce2(hex: text) == nil)
    }

    /// Beyond eight bytes there is more than a number.
    @Test(arguments: [9, 15, 16, 17, 24, 31, 32])
    func manyBytesAreKeptInTheirOrder(count: Int) throws {
        let bytes = (1...count).map { UInt8($0 * 7) }
        let extranonce2 = try #require(Extranonce2(bytes: bytes))
        #expect(extranonce2.count == count)
        #expect(extranonce2.bytes == bytes)
        #expect(extranonce2.value == 0x070e_151c_232a_3138)
        #expect(Extranonce2(hex: hex(bytes)) == extranonce2)
        #expect(Extranonce2(hex: "0X" + hex(bytes).uppercased()) == extranonce2)
        #expect(written { extranonce2.appendHex(to: &$0) } == hex(bytes))
        var buffer = ByteBuffer()
        extranonce2.appendBytes(to: &buffer)
        #expect(Array(buffer.readableBytesView) == bytes)
        // Each byte makes another one, and zeros behind it as well.
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x80
            #expect(Extranonce2(bytes: other) != extranonce2)
        }
        #expect(Extranonce2(bytes: bytes.dropLast()) != extranonce2)
        #expect(count == 32 || Extranonce2(bytes: bytes + [0]) != extranonce2)
    }

    @Test func moreThan32BytesAreTooMany() {
        #expect(Extranonce2(bytes: [UInt8](repeating: 0, count: 32)) != nil)
        #expect(Extranonce2(bytes: [UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test(arguments: [(256, 1), (1, 0), (0, 9), (0, -1)] as [(UInt64, Int)])
    func valueMustFitItsCount(value: UInt64, count: Int) {
        #expect(Extranonce2(value: value, count: count) == nil)
    }
}
