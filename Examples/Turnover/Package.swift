// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "Turnover",
    platforms: [.macOS(.v15)],
    products: [
        // What the host loads: libTurnover.so.
        .library(name: "Turnover", type: .dynamic, targets: ["Turnover"])
    ],
    dependencies: [
        // In a release of Concord: the folder concord-plugin-api.
        .package(path: "../../Sources/PluginAPI")
    ],
    targets: [
        .target(name: "Turnover", dependencies: [.product(name: "PluginAPI", package: "PluginAPI")])
    ],
    swiftLanguageModes: [.v6]
)
