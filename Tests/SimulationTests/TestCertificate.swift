import NIOSSL

/// A self-signed certificate for `localhost`, made for these tests only.
enum TestCertificate {
    static func serverConfiguration() throws -> TLSConfiguration {
        .makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(Self.certificate.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(Self.key.utf8), format: .pem))
        )
    }

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIDJzCCAg+gAwIBAgIUUjGDaFKHK3Zd4TayCB9Ejwdko7EwDQYJKoZIhvcNAQEL
        BQAwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIzMTkzNloYDzIxMjYx
        MDI5MjMxOTM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwggEiMA0GCSqGSIb3DQEB
        AQUAA4IBDwAwggEKAoIBAQCEI47ZQtJu2a3X+6GGG/t98Z8uzKrWvvi5wdFu5SYX
        XdV75l2RaWAAvAIf2ozQVLKispsqP+k2A3AeeXzEh4+qyizbuaJ4OW0Uh2RjehRy
        PsewvgCkaoBlFp+SdNukY3MSAiq5OZif6yRmE7KFFRwkVqd/H4iPXh7Gw5uazl5N
        xl+e5rnoKdV/4x2j3pz07mcOryTQcfgmKmnDy2gv6RLWRgcncO9+JZWoHLtvv3Cz
        U0YtUkg4RfdS+iK22ITX0A/C0r5bLUNCRww5/M09g+Tua3Qc3iAIqxmXDvs8OpuS
        hFJ9iJenu4BT1nuXFFDqW7ZQgBXCgTmhxqo0kpykyAlPAgMBAAGjbzBtMB0GA1Ud
        DgQWBBSYmQ6kogLWA4BfQLh/Jr+NJjjVKTAfBgNVHSMEGDAWgBSYmQ6kogLWA4Bf
        QLh/Jr+NJjjVKTAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGCCWxvY2FsaG9z
        dIcEfwAAATANBgkqhkiG9w0BAQsFAAOCAQEAOJ1r9qN2b38nGkIPZPiL6B1q5XVq
        QauAJFO0/WD23DHKdQywlty4BhjS9IIs84MirMhHQUsDpKKI9CAWH6w0k1FBJNYe
        YHx+P34YERego6li9bkJ7SM+ymTRlbjqKWyIdgSmx5CBl0ESX45HmanXuq3iNY68
        CiZwe38Ipzxm+UqL5OxyE5pF2sF6jvr5yb4tyLxybYDfMP9NQcN00L23KZ7SPrS1
        DGxMtX0E8BWfhv+XE1YJ1CWe72Uq+1b5XhRpNj2GBeeiuuzN1UAUyy9CMwjbbeHO
        HLYW74TuBKLaoVTla/olgux390YvbZ0qONTXeeLSBCgWcIMQNGM5uzQUiQ==
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCEI47ZQtJu2a3X
        +6GGG/t98Z8uzKrWvvi5wdFu5SYXXdV75l2RaWAAvAIf2ozQVLKispsqP+k2A3Ae
        eXzEh4+qyizbuaJ4OW0Uh2RjehRyPsewvgCkaoBlFp+SdNukY3MSAiq5OZif6yRm
        E7KFFRwkVqd/H4iPXh7Gw5uazl5Nxl+e5rnoKdV/4x2j3pz07mcOryTQcfgmKmnD
        y2gv6RLWRgcncO9+JZWoHLtvv3CzU0YtUkg4RfdS+iK22ITX0A/C0r5bLUNCRww5
        /M09g+Tua3Qc3iAIqxmXDvs8OpuShFJ9iJenu4BT1nuXFFDqW7ZQgBXCgTmhxqo0
        kpykyAlPAgMBAAECggEAP5RSX/RYh1DC5mjja8FcDVnsk1qUGvbRe6On71lfrh+O
        oGqT++r9b+0GgqgoV/dg6orQwQ/2WPBniqo+39swQ+e6lNCpvXo4I4gPxBOR8fSG
        JeMOMQ4zkDBGAHSs2FinnfMf9nahmtTL8zeoDoO9QjjVqAOWtBD/8vhcjyyb0ISh
        Legk3q+1jCh1FBrmEsdxv6E3kmlK/JkZUmKk/JS3Izwm84HhH2yox0IKxwTI/JxY
        u5rHyqRsUUVWgk6a9EwVyiTnCL9rKii7e21Pc0UrZyWHqg0HEgjIxx6d/knyJlsy
        +2boXsV+q6rBUSjfCfozTquughzHu7kFcDdx6BNnkQKBgQC518c2FOR4IKrkyr+A
        H/s04bvSomFqcqQFU7NoMF1akQG5y3+lv08DQ/bMBU+Fzmo32fCSlvZRCQ2DWogt
        2uMguqD1pCefNpE4kqyOXMRdsBf9qIqGAWkRg4TKSycfWuf7X+zXI1bO5CGaByd8
        iGucwuP5ZoFFUAMtC5vabQpUnwKBgQC2BbiYq6cblwyqShWiDGgCvlegKvbsujnZ
        X+0j5EVCRVArcYXBYhRlPugeJP4He9om5XNz9ykzjfqrReoUNQ0psX8+a/KuXRCp
        bsuRg5KoIeRdV/vdnPUahJe+bM3oS1wc/+d9bgIRW38dB6H6EKvXrH36YsB/oE59
        cCvADMrdUQKBgQCozCqvHo7d5Z4TLWx+7Y133MiCaubcjsAX7ox3x+YjCq5smT+Z
        xof3yVVyvigauv+TNyrhmqijtftGIYarT7MY2Sq1sqIiZKfGoMKGlA/voLBJvzoC
        uWk7dR+5tkUUn7cxhVFTn0+Ln349rt3YqPhFbGcw8j/cOu6HjZHD9WJ6tQKBgCqi
        xm2Eb50n0YCl39FYZJiX60CKL9KdgGVpccuhcZOnVrMGYVU92xcoGAjPk20/Vocb
        4eI897qqvBeYRc876fxlJjAB6xNqmzeEy0wnbJfTcIFo1YdAd60hd8XUCJsr48Sr
        MJcRyIw2SV0MZ6WCeC4JqmyW6w46B4icWLMgi/gxAoGAXcyJfzAIhCr85MwCYB28
        NGeK37r+y3uKfu612bhdiZGOjxjFX/bleMPQwTF1oazIt4jkJzqWpbk6P2nE7pMA
        lnvUzuobszNXBkyME3KiG0akIWQmGq5R8zXfzbuPXzhRCTPBX56rgO3JyQJ5TPOl
        LY3QzF9LGj4tvoIDeMlxmI0=
        -----END PRIVATE KEY-----
        """
}
