import ArgumentParser
import Host

/// The process. All of it is in `Host`, a library, so that the test kit runs the same host within a test.
@main
enum Program {
    static func main() async {
        await Concord.runAsProgram()
    }
}
