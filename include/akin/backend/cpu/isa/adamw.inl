// SPDX-License-Identifier: Apache-2.0
// AdamW's update in vectors: g++ -O2 leaves a loop over numbers scalar, and its square roots then take longer than the memory does.

template <class Update>
[[gnu::always_inline]] inline void update_vector(const Update& u, vf g, vf& first, vf& second, vf& weight) {
  first = u.b1 * first + (1 - u.b1) * g;
  second = u.b2 * second + (1 - u.b2) * g * g;
  weight = u.keep * weight - u.scale1 * first / (sqrt(second) * u.scale2 + u.eps);
}

template <class Update>
void adamw(const Update u, std::int64_t begin, std::int64_t end) {
  std::int64_t k = begin;
  for (; k + lanes <= end; k += lanes) {
    vf first = load(u.first + k), second = load(u.second + k), weight = load(u.weights + k);
    update_vector(u, load(u.gradients + k), first, second, weight);
    store(u.first + k, first), store(u.second + k, second), store(u.weights + k, weight);
  }
  const int left = static_cast<int>(end - k);
  if (left == 0) return;
  vf first = load_first(u.first + k, left), second = load_first(u.second + k, left), weight = load_first(u.weights + k, left);
  update_vector(u, load_first(u.gradients + k, left), first, second, weight);
  store_first(u.first + k, first, left), store_first(u.second + k, second, left), store_first(u.weights + k, weight, left);
}
