// SPDX-License-Identifier: Apache-2.0
// Where the Thrust backend's work goes: loops over indices, copies, products and scratch, in the order in which they are asked for.
#pragma once

#include <thrust/detail/config.h>
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
#include <akin/backend/thrust/cuda_system.cuh>
#else
#include <akin/backend/thrust/host_system.hpp>
#endif

#include <thrust/device_vector.h>

#include <array>
#include <exception>
#include <memory>
#include <new>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace akin::inline v0 {
namespace device {

/// Scratch that grows to what is asked for; what one kind of work leaves in its own is not touched by the others.
enum class scratch : unsigned char { partials, left, right, result, windows, sorted };
inline constexpr std::size_t scratch_kinds = 6;

class queue {
 public:
  /// work(k) for every k below count. The work is the same whatever runs it: a loop, threads, or a device.
  template <class Work>
  void each(std::int64_t count, const Work& work) {
    if (count == 0 || rehearses_) return;
    guarded([&] { system_->each(count, work); });
  }
  void copy(const void* from, void* to, std::int64_t bytes) {
    if (rehearses_) return;
    guarded([&] { system_->copy(from, to, bytes); });
  }
  void begin_inputs() {
    guarded([&] { system_->begin_inputs(); });
  }
  void copy_input(const void* from, void* to, std::int64_t bytes) {
    guarded([&] { system_->copy_input(from, to, bytes); });
  }
  void end_inputs() {
    guarded([&] { system_->end_inputs(); });
  }
  void copy_out(const void* from, void* to, std::int64_t bytes) {
    guarded([&] { system_->copy_out(from, to, bytes); });
  }
  void multiply(const matrix_product& p) {
    if (p.batches * p.rows * p.columns == 0 || rehearses_) return;
    guarded([&] { system_->multiply(p); });
  }

  /// Zeros; null where the device has no room.
  std::unique_ptr<memory_block> allocate(std::int64_t bytes);
  template <class T = float>
  T* room(scratch kind, std::int64_t numbers) {
    auto& block = scratch_[static_cast<std::size_t>(kind)];
    auto& bytes = scratch_bytes_[static_cast<std::size_t>(kind)];
    if (const auto wanted = numbers * static_cast<std::int64_t>(sizeof(T)); wanted > bytes) {
      block.reset();
      bytes = wanted;
    }
    if (rehearses_) return nullptr;
    if (!block) block = allocate(bytes);
    if (!block) fail("thrust: a step needs ", bytes / 1'000'000, " MB of scratch, which the device does not give");
    return reinterpret_cast<T*>(block->data());
  }

  /// The same on the host, for sums that come back.
  std::span<double> host_room(std::int64_t numbers) {
    if (std::ssize(host_) < numbers) host_.resize(static_cast<std::size_t>(numbers));
    return {host_.data(), static_cast<std::size_t>(numbers)};
  }

  /// Calls `steps` with their work left out, to learn what scratch they ask for; then that is allocated.
  /// errors: run time, where the device does not give it
  template <class Steps>
  void rehearse(const Steps& steps) {
    {
      const struct rehearsal {
        bool& now;
        ~rehearsal() { now = false; }
      } until_here{rehearses_ = true};
      steps();
    }
    for (std::size_t k = 0; k < scratch_kinds; ++k)
      if (!scratch_[k] && scratch_bytes_[k] > 0 && !(scratch_[k] = allocate(scratch_bytes_[k])))
        fail("bind: the steps need scratch of ", scratch_bytes() / 1'000'000, " MB, which the device does not give");
  }
  std::int64_t scratch_bytes() const { return std::accumulate(scratch_bytes_.begin(), scratch_bytes_.end(), std::int64_t{0}); }

  /// Errors of the device as a sentence.
  template <class Call>
  static void guarded(Call call) {
    try {
      call();
    } catch (const error&) {
      throw;
    } catch (const std::exception& e) {
      throw device_error{std::string{"thrust: the device failed: "} + e.what()};
    }
  }

 private:
  class device_block;
  std::shared_ptr<system> system_ = std::make_shared<system>();
  std::array<std::unique_ptr<memory_block>, scratch_kinds> scratch_;
  std::array<std::int64_t, scratch_kinds> scratch_bytes_{};
  std::vector<double> host_;
  bool rehearses_ = false;
};

class queue::device_block : public memory_block {
 public:
  device_block(std::shared_ptr<system> owner, std::int64_t bytes)
      : system_{std::move(owner)}, bytes_(static_cast<std::size_t>(bytes)) {}
  std::byte* data() override { return reinterpret_cast<std::byte*>(::thrust::raw_pointer_cast(bytes_.data())); }
  void copy_in(const void* from, std::int64_t bytes) override {
    guarded([&] { system_->copy_in(from, data(), bytes); });
  }
  void copy_out(std::int64_t first, void* to, std::int64_t bytes) override {
    guarded([&] { system_->copy_out(data() + first, to, bytes); });
  }
  void wait() override {
    guarded([&] { system_->wait(); });
  }

 private:
  std::shared_ptr<system> system_;  // which outlives the program: weights do
  ::thrust::device_vector<char> bytes_;
};

inline std::unique_ptr<memory_block> queue::allocate(std::int64_t bytes) {
  try {
    return std::make_unique<device_block>(system_, bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace device
}  // namespace akin::inline v0
