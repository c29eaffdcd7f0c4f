package import Foundation

/// The one way reports become JSON and come back: snake_case keys in alphabetical order, times in RFC 3339 (UTC,
/// milliseconds). A number that JSON cannot write becomes the string `inf`, `-inf` or `nan`.
package enum ControlCoding {
    /// One line, without a line feed.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(Self.time(date))
        }
        return try encoder.encode(value)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from json: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return try Date(text, strategy: Self.timeStyle)
        }
        return try decoder.decode(type, from: json)
    }

    /// RFC 3339 in UTC with milliseconds.
    package static func time(_ date: Date) -> String {
        // The style cuts off below the millisecond, and most milliseconds are a little less than themselves in binary.
        date.addingTimeInterval(0.000_5).formatted(Self.timeStyle)
    }

    private static let timeStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
