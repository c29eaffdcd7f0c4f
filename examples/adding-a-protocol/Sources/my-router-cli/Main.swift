import MyDialects
import RouterCLI
import Stratum

@main
enum Main {
    static func main() async {
        await RouterProgram.run(dialects: .standard.adding([SHA3Dialect.self, KHeavyHashDialect.self]))
    }
}
