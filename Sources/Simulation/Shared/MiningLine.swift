/// The lines that protocols after Bitcoin's have in common. Parameters and results are JSON text.
enum MiningLine {
    static func request(_ id: Int, _ method: String, _ params: [String]) -> String {
        #"{"id":\#(id),"method":"\#(method)","params":[\#(params.joined(separator: ","))]}"#
    }

    static func notification(_ method: String, _ params: [String]) -> String {
        #"{"id":null,"method":"\#(method)","params":[\#(params.joined(separator: ","))]}"#
    }

    static func result(_ id: String, _ result: String = "true") -> String {
        #"{"id":\#(id),"result":\#(result),"error":null}"#
    }

    static func refusal(_ id: String, _ code: Int, _ text: String, result: String = "false") -> String {
        #"{"id":\#(id),"result":\#(result),"error":[\#(code),\#(JSONText.quoted(text)),null]}"#
    }
}
