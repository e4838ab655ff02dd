// SPDX-License-Identifier: Apache-2.0
// Numbers that the host shares with a backend: each side finds what the other has left, and nothing is copied that nobody wrote.
#include <akin/backend/memory.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <utility>
#include <vector>

using namespace akin;

namespace {

/// A backend with memory of its own that counts copies. Its work is done when somebody waits for it.
struct elsewhere {
  static constexpr bool computes_on_host = false;
  struct block : memory_block {
    block(elsewhere& user_, std::int64_t size) : user{&user_}, bytes(static_cast<std::size_t>(size)) {}
    std::byte* data() override { return bytes.data(); }
    void copy_in(const void* from, std::int64_t size) override {
      user->wait();
      ++user->copies_in;
      std::copy_n(static_cast<const std::byte*>(from), size, bytes.data());
    }
    void copy_out(std::int64_t first, void* to, std::int64_t size) override {
      user->wait();
      if (user->fails) throw device_error{"lost"};
      ++user->copies_out;
      std::copy_n(bytes.data() + first, size, static_cast<std::byte*>(to));
    }
    elsewhere* user;
    std::vector<std::byte> bytes;
  };
  std::unique_ptr<memory_block> allocate(std::int64_t bytes) { return full ? nullptr : std::make_unique<block>(*this, bytes); }
  void use(memory_block& x) {
    auto& mine = static_cast<block&>(x);
    if (mine.user != this) std::exchange(mine.user, this)->wait();
  }
  void later(std::function<void()> work) { asked.push_back(std::move(work)); }
  void wait() {
    for (const auto& work : std::exchange(asked, {})) work();
  }
  bool full = false, fails = false;
  int copies_in = 0, copies_out = 0;
  std::vector<std::function<void()>> asked;
};

}  // namespace

TEST_CASE("what the host writes is found elsewhere, and the other way round") {
  elsewhere backend;
  shared_numbers<float> x{"weights", 3};
  x.host()[1] = 5;
  CHECK(x.read_on(backend)[1] == 5);
  x.update_on(backend)[2] = 7;
  CHECK(backend.copies_in == 1);
  CHECK(x.at(2) == 7);
  CHECK(x.at(1) == 5);
  backend.copies_out = 0;
  CHECK(std::as_const(x).host()[2] == 7);
  CHECK(std::as_const(x).host()[1] == 5);
  CHECK(backend.copies_out == 1);
  x.read_on(backend);
  CHECK(backend.copies_in == 1);
  x.host()[0] = 1;
  x.write_on(backend)[0] = 2;  // nobody asked for the 1
  CHECK(backend.copies_in == 1);
  CHECK(x.host()[0] == 2);
  host_backend host;
  x.update_on(backend)[0] = 3;
  CHECK(x.read_on(host)[0] == 3);
}

TEST_CASE("who reads, or works with the numbers next, waits for whoever has used them last") {
  elsewhere first, second;
  shared_numbers<float> x{"weights", 1};
  float* const numbers = x.update_on(first);
  first.later([&] { numbers[0] = 1; });
  CHECK(x.update_on(second)[0] == 1);
  second.later([&] { numbers[0] *= 10; });
  CHECK(x.at(0) == 10);
  second.later([&] { numbers[0] += 1; });
  x.update_on(second);
  CHECK(x.host()[0] == 11);
}

TEST_CASE("numbers that a failed copy has not brought are asked for again") {
  elsewhere backend;
  shared_numbers<float> x{"weights", 1};
  x.update_on(backend)[0] = 3;
  backend.fails = true;
  CHECK_THROWS_AS(x.host(), device_error);
  backend.fails = false;
  CHECK(x.host()[0] == 3);
}

TEST_CASE("where the device has no room, the sentence says what for") {
  elsewhere backend;
  backend.full = true;
  shared_numbers<float> x{"gradients", 5'000'000};
  CHECK_THROWS_WITH_AS(x.read_on(backend),
                       doctest::Contains("the gradients need 20.0 MB, which the device does not give"), error);
}

TEST_CASE("host_backend's blocks begin a line of cache and hold zeros") {
  host_backend host;
  const auto block = host.allocate(1000);
  CHECK(reinterpret_cast<std::uintptr_t>(block->data()) % 64 == 0);
  for (int k = 0; k < 1000; ++k) CHECK(block->data()[k] == std::byte{});
}
