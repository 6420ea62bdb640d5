// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "Turnover",
    platforms: [.macOS(.v15)],
    products: [
        // What a host loads: libTurnover.so.
        .library(name: "Turnover", type: .dynamic, targets: ["Turnover"])
    ],
    dependencies: [
        .package(name: "PluginAPI", path: "../../Sources/PluginAPI")
    ],
    targets: [
        .target(name: "Turnover", dependencies: [.product(name: "PluginAPI", package: "PluginAPI")]),
        .testTarget(name: "TurnoverTests", dependencies: [.product(name: "PluginTesting", package: "PluginAPI")]),
    ],
    swiftLanguageModes: [.v6]
)
