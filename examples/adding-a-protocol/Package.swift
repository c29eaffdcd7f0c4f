// swift-tools-version: 6.1

import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let stratum: Target.Dependency = .product(name: "Stratum", package: "stratum-router")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")

/// A router with two protocols of its own: docs/adding-a-protocol.md leads through it.
let package = Package(
    name: "adding-a-protocol",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "stratum-router", path: "../.."),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(
            name: "MyDialects",
            dependencies: [stratum, nioCore, .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "my-router-cli",
            dependencies: ["MyDialects", stratum, .product(name: "RouterCLI", package: "stratum-router")],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "MyDialectsTests",
            dependencies: ["MyDialects", stratum, nioCore],
            swiftSettings: swiftSettings
        ),
    ]
)
