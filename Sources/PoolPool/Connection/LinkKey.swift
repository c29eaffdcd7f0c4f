/// Key of a link: pools see one upstream user a link; each nonce space has links of its own.
package struct LinkKey: Sendable, Hashable {
    package var pool: String
    package var user: String
    package var space: Int

    package init(pool: String, user: String, space: Int) {
        self.pool = pool
        self.user = user
        self.space = space
    }
}
