import RouterCLI

@main
enum Main {
    static func main() async {
        await RouterProgram.run()
    }
}
