// swift-tools-version: 6.2

import PackageDescription

/// Warnings are errors, imports are internal unless said otherwise, and every existential is spelled `any`.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "PluginAPI",
    platforms: [.macOS(.v15)],
    products: [
        // Dynamic: the host, the built-in modules and outside plugins must share one copy of every type in it.
        .library(name: "PluginAPI", type: .dynamic, targets: ["PluginAPI", "CPluginABI"]),
        .library(name: "PluginConformance", targets: ["PluginConformance"]),
        .library(name: "PluginTesting", targets: ["PluginTesting"]),
    ],
    targets: [
        .target(name: "CPluginABI"),
        .target(
            name: "PluginAPI",
            dependencies: ["CPluginABI"],
            // A plugin built against an older API runs on a newer host only with library evolution.
            swiftSettings: strict + [.unsafeFlags(["-enable-library-evolution"])]
        ),
        .target(name: "PluginConformance", dependencies: ["PluginAPI"], swiftSettings: strict),
        .target(name: "PluginTesting", dependencies: ["PluginAPI"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
