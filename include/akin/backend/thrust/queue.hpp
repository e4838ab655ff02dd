// SPDX-License-Identifier: Apache-2.0
// Where the Thrust backend's work goes: loops over indices, copies, products and scratch, in the order in which they are asked for.
#pragma once

#include <thrust/detail/config.h>
#if THRUST_DEVICE_SYSTEM != THRUST_DEVICE_SYSTEM_CUDA
#include <akin/backend/thrust/host_system.hpp>
#elif defined(__CUDACC__)
#include <akin/backend/thrust/cuda_system.cuh>
#else
#error "akin: backend/thrust: on CUDA, which is Thrust's choice unless told, nvcc compiles this file; for the host define THRUST_DEVICE_SYSTEM"
#include <akin/stops_here>
#endif

#include <thrust/device_malloc_allocator.h>
#include <thrust/device_vector.h>

#include <array>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace akin::inline v0 {
namespace device {

/// Scratch that grows to what is asked for; what one kind of work leaves in its own is not touched by the others.
enum class scratch : unsigned char { partials, left, right, result, windows, keys, panels };
inline constexpr std::size_t scratch_kinds = static_cast<std::size_t>(scratch::panels) + 1;

/// An error that a device keeps is not thrown once more where memory is given back: that happens while it is on its way.
template <class T>
struct quiet_allocator : ::thrust::device_allocator<T> {
  using base = ::thrust::device_allocator<T>;
  template <class U>
  struct rebind {
    using other = quiet_allocator<U>;
  };
  void deallocate(typename base::pointer at, typename base::size_type count) noexcept {
    try {
      base::deallocate(at, count);
    } catch (const std::exception&) {
    }
  }
};

class queue {
 public:
  /// work(k) for every k below count. The work is the same whatever runs it: a loop, threads, or a device.
  template <class Work>
  void each(std::int64_t count, const Work& work) {
    if (count > 0 && !rehearses_) system_->each(count, work);
  }
  /// work(k, team) for every k below count, by all lanes of a team.
  template <class Work>
  void each_line(std::int64_t count, const Work& work) {
    if (count > 0 && !rehearses_) system_->each_line(count, work);
  }
  void copy(const void* from, void* to, std::int64_t bytes) {
    if (!rehearses_) system_->copy(from, to, bytes);
  }
  void copy_out(const void* from, void* to, std::int64_t bytes) {
    if (!rehearses_) system_->copy_out(from, to, bytes);
  }
  /// given: numbers below 2^bits, none negative
  void sort(const std::int64_t* numbers, std::int64_t* sorted, std::int64_t count, int bits) {
    if (count == 0) return;
    const std::int64_t bytes = system::room_to_sort(count, bits);
    void* const temporary = room<std::byte>(scratch::partials, bytes);
    if (!rehearses_) system_->sort(numbers, sorted, count, bits, temporary, bytes);
  }
  /// *total += term(k) for every k below count.
  template <class Term>
  void add_sum(double* total, std::int64_t count, const Term& term) {
    if (count == 0) return;
    const std::int64_t bytes = system::room_to_sum(count, term);
    void* const temporary = room<std::byte>(scratch::partials, bytes);
    if (!rehearses_) system_->add_sum(total, count, term, temporary, bytes);
  }
  void multiply(const matrix_product& p) {
    if (p.batches * p.rows * p.columns > 0 && !rehearses_) system_->multiply(p);
  }
  void begin_inputs() { system_->begin_inputs(); }
  void copy_input(const void* from, void* to, std::int64_t bytes) { system_->copy_input(from, to, bytes); }
  void end_inputs() { system_->end_inputs(); }

  /// Zeros; null where the device has no room.
  std::unique_ptr<memory_block> allocate(std::int64_t bytes);
  /// From here on the block's copies and this queue's work are done in the order in which they are asked for, after what the block's user so far has asked for.
  void use(memory_block& block);

  /// Room for this many numbers, which the next call for the same kind may give away.
  template <class T = float>
  T* room(scratch kind, std::int64_t numbers) {
    const std::int64_t wanted = numbers * static_cast<std::int64_t>(sizeof(T));
    auto& [block, bytes] = scratch_[static_cast<std::size_t>(kind)];
    if (wanted > bytes) {
      block.reset();
      bytes = wanted;
    }
    if (rehearses_) return reinterpret_cast<T*>(nowhere_);
    if (!block && bytes > 0 && !(block = allocate(bytes))) fail("thrust: a step needs ", bytes_text(bytes), " of scratch, which the device does not give");
    return block ? reinterpret_cast<T*>(block->data()) : nullptr;
  }

  /// Calls `steps` with their work left out, to learn what scratch they ask for; then that is allocated, and no more.
  /// errors: run time, where the device does not give it
  template <class Steps>
  void rehearse(const Steps& steps) {
    release();
    {
      const struct rehearsal {
        bool& now;
        ~rehearsal() { now = false; }
      } until_here{rehearses_ = true};
      steps();
    }
    for (auto& s : scratch_)
      if (s.bytes > 0 && !(s.block = allocate(s.bytes)))
        fail("bind: panels and scratch take ", bytes_text(scratch_bytes()), ", of which ", bytes_text(s.bytes), &s == &scratch_.back() ? " of panels" : "", " found no room");
  }
  /// Gives the scratch back.
  void release() { scratch_ = {}; }
  std::int64_t bytes_of(scratch kind) const { return scratch_[static_cast<std::size_t>(kind)].bytes; }
  std::int64_t scratch_bytes() const {
    std::int64_t all = 0;
    for (const auto& s : scratch_) all += s.bytes;
    return all;
  }
  /// Of the device, with what its system takes.
  std::int64_t own_bytes() const { return system::own_bytes + scratch_bytes(); }

 private:
  class device_block;
  struct scratch_room {
    std::unique_ptr<memory_block> block;
    std::int64_t bytes = 0;  // of the block, or of the one to be allocated when it is needed
  };

  std::shared_ptr<system> system_ = std::make_shared<system>();
  std::array<scratch_room, scratch_kinds> scratch_;
  alignas(64) std::byte nowhere_[64] = {};  // what a rehearsal takes for room: not null, to which nothing may be added
  bool rehearses_ = false;
};

class queue::device_block : public memory_block {
 public:
  device_block(std::shared_ptr<system> user, std::int64_t bytes) : system_{std::move(user)}, bytes_(static_cast<std::size_t>(bytes)) {}
  ~device_block() override { system_->finish(); }
  std::byte* data() override { return reinterpret_cast<std::byte*>(::thrust::raw_pointer_cast(bytes_.data())); }
  void copy_in(const void* from, std::int64_t bytes) override { system_->copy_in(from, data(), bytes); }
  void copy_out(std::int64_t first, void* to, std::int64_t bytes) override { system_->copy_out(data() + first, to, bytes); }
  void hand_to(const std::shared_ptr<system>& user) {
    if (system_ == user) return;
    system_->wait();
    system_ = user;
  }

 private:
  std::shared_ptr<system> system_;  // of the last user, whose program the block may outlive
  ::thrust::device_vector<char, quiet_allocator<char>> bytes_;
};

inline std::unique_ptr<memory_block> queue::allocate(std::int64_t bytes) {
  try {
    return std::make_unique<device_block>(system_, bytes);
  } catch (const std::bad_alloc&) {
    system_->wait();  // a device that has failed gives no memory either, and says so here
    return nullptr;
  } catch (const std::exception& e) {
    throw device_error{std::string{"thrust: memory could not be made: "} + e.what()};
  }
}

inline void queue::use(memory_block& block) { static_cast<device_block&>(block).hand_to(system_); }

}  // namespace device
}  // namespace akin::inline v0
