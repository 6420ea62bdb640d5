import ArgumentParser
import Crypto
import Hummingbird
import JWTKit
import ServiceLifecycle
import UnixSignals
import Yams

@main
struct Concord: ParsableCommand {}
