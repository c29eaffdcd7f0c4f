/// What tells the coins of Equihash apart.
package struct EquihashCoin: Sendable, Hashable {
    /// Nil: none that is supported.
    package var parameters: EquihashParameters?
    /// Nil: none that is supported.
    package var personalization: EquihashPersonalization?

    package static let zcash = EquihashCoin(parameters: .zcash, personalization: .zcash)
    /// How Verus announces itself. It speaks this protocol and is hashed otherwise.
    package static let unverifiable = "VerusHash"

    package init(parameters: EquihashParameters?, personalization: EquihashPersonalization?) {
        self.parameters = parameters
        self.personalization = personalization
    }

    /// Nil if nobody but the pool can tell what a solution is worth.
    package var verifier: EquihashVerifier? {
        guard let parameters = self.parameters, let personalization = self.personalization else { return nil }
        return EquihashVerifier(parameters: parameters, personalization: personalization)
    }

    /// As a job has it that names its own parameters and personalization, as NiceHash's and s-nomp's do (equihash §2).
    package func announced(by job: EquihashJob) -> EquihashCoin {
        var coin = self
        if let algorithm = job.algorithm { coin.parameters = try? EquihashParameters(parsing: algorithm) }
        if let personalization = job.personalization { coin.personalization = EquihashPersonalization(personalization) }
        return coin
    }
}

extension EquihashCoin {
    static let parametersOption = "parameters"
    static let personalizationOption = "personalization"

    /// As the configuration has it; what it leaves out is as it was.
    mutating func take(_ options: DialectOptions) throws(DialectOptionError) {
        if let text = options[Self.parametersOption] {
            do throws(EquihashParametersError) {
                self.parameters = try EquihashParameters(parsing: text)
            } catch {
                throw DialectOptionError(Self.parametersOption, error.description)
            }
        }
        if let text = options[Self.personalizationOption] {
            let personalization = EquihashPersonalization(text)
            guard personalization != nil || text == Self.unverifiable else {
                throw DialectOptionError(
                    Self.personalizationOption,
                    "\"\(text)\" is not eight characters of ASCII such as ZcashPoW, nor \(Self.unverifiable)"
                )
            }
            self.personalization = personalization
        }
    }
}
