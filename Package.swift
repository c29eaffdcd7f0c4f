// swift-tools-version: 6.1

import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioConcurrency: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")

let package = Package(
    name: "stratum-router",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "router-cli", targets: ["router-cli"]),
        .library(name: "Stratum", targets: ["Stratum"]),
        .library(name: "PoolPool", targets: ["PoolPool"]),
        .library(name: "Router", targets: ["Router"]),
        .library(name: "Persistence", targets: ["Persistence"]),
        .library(name: "RouterCLI", targets: ["RouterCLI"]),
        .library(name: "AllocationCounter", type: .dynamic, targets: ["AllocationCounter"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CSodium",
            pkgConfig: "libsodium",
            providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]
        ),
        .systemLibrary(name: "CHeap"),
        .target(name: "CSHA256"),
        .target(
            name: "Stratum",
            dependencies: ["CSHA256", "CSodium", nioCore, crypto, cryptoExtras],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "PoolPool",
            dependencies: ["Stratum", nioCore, nioPosix, nioSSL, nioTLS, crypto, logging],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Router",
            dependencies: ["Stratum", "PoolPool", nioCore, nioPosix, nioSSL, nioConcurrency, logging],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Persistence",
            dependencies: [grdb, .product(name: "GRDBSQLite", package: "GRDB.swift"), crypto, logging, lifecycle],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Configuration",
            dependencies: ["Stratum", "PoolPool", "Router", .product(name: "Yams", package: "Yams")],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ControlAPI",
            dependencies: [nioCore, nioPosix, nioHTTP1, logging, lifecycle],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Forecast",
            dependencies: ["Stratum", "PoolPool", "Router", nioCore, heap],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Simulation",
            dependencies: ["Stratum", nioCore, nioPosix, nioSSL, crypto, cryptoExtras],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "RouterCLI",
            dependencies: [
                "CHeap", "Stratum", "PoolPool", "Router", "Persistence", "Configuration", "ControlAPI", "Forecast",
                "Simulation",
                nioCore, nioPosix, nioSSL, logging, lifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/router-cli",
            exclude: ["Main"],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "router-cli",
            dependencies: ["RouterCLI"],
            path: "Sources/router-cli/Main",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "ledger-benchmark",
            dependencies: ["Persistence", logging],
            path: "Benchmarks/Ledger",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "balance-benchmark",
            dependencies: ["PoolPool", "Router", nioCore],
            path: "Benchmarks/Balance",
            swiftSettings: swiftSettings
        ),
        .target(name: "CRelay", path: "Benchmarks/CRelay"),
        .target(name: "AllocationCounter", path: "Benchmarks/AllocationCounter"),
        .executableTarget(
            name: "relay-benchmark",
            dependencies: ["CRelay"],
            path: "Benchmarks/Relay",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "StratumTests",
            dependencies: ["Stratum", nioCore, crypto],
            resources: [.copy("Vectors"), .copy("Transcripts")],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ForecastTests",
            dependencies: ["Forecast", "PoolPool", "Router", "Stratum"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "PersistenceTests",
            dependencies: ["Persistence", grdb, logging, lifecycle],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["Configuration", "PoolPool", "Router", "Stratum"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ControlAPITests",
            dependencies: ["ControlAPI", nioCore, nioPosix, nioHTTP1, logging, lifecycle],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Simulation", "Stratum", nioCore, nioPosix, nioSSL],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "RouterCLITests",
            dependencies: [
                "RouterCLI", "Configuration", "Forecast", "Persistence", "PoolPool", "Router", "Simulation",
                "Stratum", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "PoolPoolTests",
            dependencies: ["PoolPool", "Router", "Stratum", nioCore, nioEmbedded, nioPosix, nioSSL, logging],
            resources: [.copy("TLS/Certificates"), .copy("Transcripts")],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "RouterTests",
            dependencies: ["Router", "PoolPool", "Stratum", nioCore, nioEmbedded, logging, crypto],
            resources: [.copy("Transcripts"), .copy("Vectors")],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "WholeRunTests",
            dependencies: [
                "router-cli", "RouterCLI", "Configuration", "ControlAPI", "Persistence", "PoolPool", "Router",
                "Simulation",
                "Stratum",
                nioCore, nioPosix, nioSSL, logging, lifecycle,
            ],
            swiftSettings: swiftSettings
        ),
    ]
)
