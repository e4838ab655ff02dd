// SPDX-License-Identifier: Apache-2.0
// The scratch memory of the CPU kernels: allocated once, so that no kernel allocates.
#pragma once

#include <akin/support/host_array.hpp>

#include <cstdint>
#include <new>

namespace akin::inline v0 {
namespace cpu {

/// Uninitialised floats.
/// errors: std::bad_alloc
class aligned_floats {
 public:
  aligned_floats() = default;
  explicit aligned_floats(std::int64_t count) : data_{allocate_host_array<float>(count)} {
    if (!data_) throw std::bad_alloc{};
  }
  float* data() const { return data_.get(); }

 private:
  host_array<float> data_;
};

/// A part for each worker of a pool and one that a call shares among its workers. Two calls must not use one workspace at once.
/// cost: 4 (workers * worker_floats + shared_floats) bytes whatever the shapes; pages that no kernel touches cost nothing
class workspace {
 public:
  static constexpr std::int64_t worker_floats = std::int64_t{1} << 18;  // 1 MiB: a core's second-level cache
  static constexpr std::int64_t shared_floats = std::int64_t{1} << 23;  // packed operands, partial sums

  explicit workspace(int workers) : floats_{shared_floats + workers * worker_floats} {}

  float* shared() const { return floats_.data(); }
  float* worker(int number) const { return floats_.data() + shared_floats + number * worker_floats; }

 private:
  aligned_floats floats_;
};

}  // namespace cpu
}  // namespace akin::inline v0
