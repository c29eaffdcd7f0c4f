extension Array {
    /// Drops the oldest half once there are more than `capacity` elements, at least down to the capacity.
    mutating func trimFront(to capacity: Int) {
        guard self.count > capacity else { return }
        self.removeFirst(Swift.max(self.count - capacity, self.count / 2))
    }
}
