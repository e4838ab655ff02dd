// SPDX-License-Identifier: Apache-2.0
// Where a backend's numbers lie. Nothing above the backends reads memory that a backend computes in: it asks for a copy on the host.
#pragma once

#include <akin/support/bytes_text.hpp>
#include <akin/support/error.hpp>
#include <akin/support/host_array.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

/// Before a function that device code may call too.
#if defined(__CUDACC__)
#define AKIN_HOST_DEVICE __host__ __device__
#else
#define AKIN_HOST_DEVICE
#endif

namespace akin::inline v0 {

/// A call to a device that failed. A program that runs a step adds which one it was.
class device_error : public error {
 public:
  using error::error;
};

/// A stretch of a backend's memory, zeros at first.
class memory_block {
 public:
  memory_block() = default;
  memory_block(const memory_block&) = delete;
  memory_block& operator=(const memory_block&) = delete;
  virtual ~memory_block() = default;
  /// The first byte, for the backend's eyes.
  virtual std::byte* data() = 0;
  /// Copies the host's bytes to the beginning of the block, or bytes from the `first` on to the host: after all work of the backend that uses it.
  virtual void copy_in(const void* from, std::int64_t bytes) = 0;
  virtual void copy_out(std::int64_t first, void* to, std::int64_t bytes) = 0;
};

/// Numbers that the host shares with a backend: each finds what the other has left. On a device, programs that share them run in one thread at a time.
/// cost: one array; for a backend that computes outside the host's memory another one there, and a copy where the other side has written
template <class Real>
class shared_numbers {
 public:
  shared_numbers() = default;
  /// `what` they are, in the plural, for the sentence.
  /// errors: run time, where the machine does not give so much
  shared_numbers(std::string_view what, std::int64_t size)
      : what_{what}, size_{size}, host_{allocate_host_array<Real>(size)} {
    if (!host_) refuse("machine");
    std::fill_n(host_.get(), size, Real{});
  }

  std::int64_t size() const { return size_; }

  /// A number that changes whenever the numbers may: whoever keeps what it made of them compares it.
  std::uint64_t version() const { return version_; }

  /// On the host, to read, or to read and write; valid until a backend writes. Who writes again after a run asks again: what a program keeps of
  /// its weights it makes anew only then.
  std::span<const Real> host() const {
    if (host_is_old_) fetch();
    return {host_.get(), static_cast<std::size_t>(size_)};
  }
  std::span<Real> host() {
    std::as_const(*this).host();
    block_is_old_ = true;
    ++version_;
    return {host_.get(), static_cast<std::size_t>(size_)};
  }

  /// One of them, without a copy of the others.
  Real at(std::int64_t k) const {
    Real number = host_[static_cast<std::size_t>(k)];
    if (host_is_old_) block_->copy_out(k * static_cast<std::int64_t>(sizeof(Real)), &number, sizeof(Real));
    return number;
  }

  /// Where the backend computes, to read.
  template <class Backend>
  Real* read_on(Backend& backend) {
    if constexpr (Backend::computes_on_host) {
      std::as_const(*this).host();
      return host_.get();
    } else {
      reserve_on(backend);
      if (block_is_old_) {
        block_->copy_in(host_.get(), bytes());
        block_is_old_ = false;
      }
      return reinterpret_cast<Real*>(block_->data());
    }
  }
  /// The same, to read and write.
  template <class Backend>
  Real* update_on(Backend& backend) {
    Real* const numbers = read_on(backend);
    return written_on<Backend>(numbers);
  }
  /// The same, to write whatever counts: what the host has left is forgotten.
  template <class Backend>
  Real* write_on(Backend& backend) {
    if constexpr (Backend::computes_on_host) return update_on(backend);
    else {
      reserve_on(backend);
      block_is_old_ = false;
      return written_on<Backend>(reinterpret_cast<Real*>(block_->data()));
    }
  }

 private:
  [[noreturn]] void refuse(std::string_view giver) const {
    fail("bind: the ", what_, " need ", bytes_text(bytes()), ", which the ", giver, " does not give");
  }
  std::int64_t bytes() const { return size_ * static_cast<std::int64_t>(sizeof(Real)); }

  [[gnu::noinline]] void fetch() const {
    block_->copy_out(0, host_.get(), bytes());
    host_is_old_ = false;
  }

  template <class Backend>
  void reserve_on(Backend& backend) {
    if (block_) return backend.use(*block_);
    block_ = backend.allocate(bytes());
    if (!block_) refuse("device");
    block_is_old_ = true;
  }
  template <class Backend>
  Real* written_on(Real* numbers) {
    (Backend::computes_on_host ? block_is_old_ : host_is_old_) = true;
    ++version_;
    return numbers;
  }

  std::string_view what_;
  std::int64_t size_ = 0;
  host_array<Real> host_;
  std::unique_ptr<memory_block> block_;
  mutable bool host_is_old_ = false;
  bool block_is_old_ = false;
  std::uint64_t version_ = 1;
};

/// What every backend that computes in the host's memory does alike: memory, loops over indices, and copies.
class host_backend {
 public:
  static constexpr bool computes_on_host = true;

  /// A block of zeros that begins a line of cache; null where the machine does not give it.
  std::unique_ptr<memory_block> allocate(std::int64_t bytes) {
    auto block = std::make_unique<host_block>(bytes);
    return block->data() ? std::move(block) : nullptr;
  }
  void copy(const void* from, void* to, std::int64_t bytes) {
    std::copy_n(static_cast<const std::byte*>(from), bytes, static_cast<std::byte*>(to));
  }

  /// work(k) for every k below count.
  template <class Work>
  void each(std::int64_t count, const Work& work) {
    for (std::int64_t k = 0; k < count; ++k) work(k);
  }
  /// *total += term(0), then term(1), ..., in this order.
  template <class Term>
  void add_sum(double* total, std::int64_t count, const Term& term) {
    double sum = *total;
    for (std::int64_t k = 0; k < count; ++k) sum += term(k);
    *total = sum;
  }

  template <class Real>
  void slice(const Real* in, Real* out, std::int64_t outer, std::int64_t along, std::int64_t from, std::int64_t count,
             std::int64_t inner) {
    for (std::int64_t o = 0; o < outer; ++o) std::copy_n(in + (o * along + from) * inner, count * inner, out + o * count * inner);
  }
  template <class Real>
  void place(const Real* in, Real* out, std::int64_t outer, std::int64_t along, std::int64_t from, std::int64_t count,
             std::int64_t inner) {
    for (std::int64_t o = 0; o < outer; ++o) {
      Real* const line = out + o * along * inner;
      std::fill_n(line, from * inner, Real{});
      std::copy_n(in + o * count * inner, count * inner, line + from * inner);
      std::fill_n(line + (from + count) * inner, (along - from - count) * inner, Real{});
    }
  }
  /// Each line of the result is a line of a, then one of b: reals or integers.
  template <class T>
  void concatenate(const T* a, const T* b, T* out, std::int64_t lines, std::int64_t of_a, std::int64_t of_b) {
    for (std::int64_t k = 0; k < lines; ++k) out = std::copy_n(b + k * of_b, of_b, std::copy_n(a + k * of_a, of_a, out));
  }
  template <class Real>
  void gather(const Real* table, const std::int32_t* ids, Real* out, std::int64_t count, std::int64_t width) {
    for (std::int64_t k = 0; k < count; ++k) std::copy_n(table + ids[k] * width, width, out + k * width);
  }

 private:
  class host_block : public memory_block {
   public:
    explicit host_block(std::int64_t bytes) : data_{allocate_host_array<std::byte>(bytes + 64)} {  // whole vectors are read at the end
      if (data_) std::fill_n(data_.get(), bytes, std::byte{});
    }
    std::byte* data() override { return data_.get(); }
    void copy_in(const void* from, std::int64_t bytes) override {
      std::copy_n(static_cast<const std::byte*>(from), bytes, data_.get());
    }
    void copy_out(std::int64_t first, void* to, std::int64_t bytes) override {
      std::copy_n(data_.get() + first, bytes, static_cast<std::byte*>(to));
    }

   private:
    host_array<std::byte> data_;
  };
};

}  // namespace akin::inline v0
