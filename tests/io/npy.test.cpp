// SPDX-License-Identifier: Apache-2.0
// Arrays go to .npy files as numpy.save writes them and come back; anything else is refused.
#include <akin/io/npy.hpp>

#include <doctest/doctest.h>

#include "support/files.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;

template <class T>
void round_trip(const temporary_folder& folder) {
  for (const std::vector<std::int64_t>& shape :
       std::vector<std::vector<std::int64_t>>{{}, {6}, {2, 3}, {1, 2, 3, 1, 1, 1, 1, 1}, {0, 4}}) {
    std::vector<T> values(static_cast<std::size_t>(akin::detail::element_count(shape).value()));
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = static_cast<T>(3 * k + 1);
    akin::write_npy<T>(folder / "x", shape, values);
    const akin::npy_array<T> back = akin::read_npy<T>(folder / "x");
    CHECK(back.shape == shape);
    CHECK(back.values == values);
    CHECK((akin::read_file(folder / "x").size() - values.size() * sizeof(T)) % 64 == 0);
  }
}

std::string file_with(std::string dictionary, std::size_t data, int version = 1) {
  std::string bytes = "\x93NUMPY"s + static_cast<char>(version) + '\0' + static_cast<char>(dictionary.size()) + '\0';
  if (version > 1) bytes += "\0\0"s;
  return bytes + dictionary + std::string(data, '\1');
}

}  // namespace

TEST_CASE("every type and rank comes back") {
  const temporary_folder folder;
  round_trip<float>(folder);
  round_trip<double>(folder);
  round_trip<std::int64_t>(folder);
  round_trip<std::int32_t>(folder);
  round_trip<std::uint8_t>(folder);
}

TEST_CASE("the bytes are numpy's") {
  // numpy 2.4: np.save(file, np.array([[1], [2]], "f4"))
  const temporary_folder folder;
  const std::vector<std::int64_t> shape{2, 1};
  const std::vector<float> values{1, 2};
  akin::write_npy<float>(folder / "x", shape, values);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
  header.resize(117, ' ');
  CHECK(akin::read_file(folder / "x") == "\x93NUMPY\1\0v\0"s + header + "\n\0\0\x80\x3f\0\0\0\x40"s);
}

TEST_CASE("other writers' headers are read") {
  const temporary_folder folder;
  const auto read = [&](std::string_view bytes) { return akin::read_npy<float>(folder.put("x", bytes)).shape; };
  CHECK(read(file_with("{\"shape\":(2,),'fortran_order':False,'descr':'<f4'}", 8)) == std::vector<std::int64_t>{2});
  CHECK(read(file_with("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", 4, 2)).empty());
  CHECK(read(file_with("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n", 8, 3)) ==
        std::vector<std::int64_t>{1, 2});
}

TEST_CASE("arrays in Fortran order come back in C order") {
  // numpy 2.4: np.save(file, np.arange(24, dtype="u1").reshape(4, 3, 2).T), of the shape (2, 3, 4)
  const temporary_folder folder;
  std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }", numbers(24, '\0');
  for (std::size_t k = 0; k < 24; ++k) numbers[k] = static_cast<char>(k);
  header.resize(117, ' ');
  const auto array = akin::read_npy<std::uint8_t>(folder.put("x", "\x93NUMPY\1\0v\0"s + header + "\n" + numbers));
  REQUIRE(array.shape == std::vector<std::int64_t>{2, 3, 4});
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 4; ++k) CHECK(array.values[(i * 3 + j) * 4 + k] == k * 6 + j * 2 + i);
}

TEST_CASE("everything else is refused with one sentence") {
  const temporary_folder folder;
  const auto verdict = [&](std::string_view bytes) {
    const std::string path = folder.put("x", bytes);
    return sentence_of([&] { akin::read_npy<float>(path); });
  };
  const auto header = [](std::string_view descr, std::string_view order, std::string_view shape) {
    return "{'descr': " + std::string(descr) + ", 'fortran_order': " + std::string(order) + ", 'shape': " + std::string(shape) +
           ", }";
  };
  CHECK(contains(verdict(""), "expected an .npy file"));
  CHECK(contains(verdict("PK\3\4"), "expected an .npy file"));
  CHECK(contains(verdict("\x93NUMPY\4\0\0\0"s), "version is 4"));
  CHECK(contains(verdict("\x93NUMPY\1\0\xff\0"s), "inside its header"));
  CHECK(contains(verdict(file_with(header("'<f8'", "False", "(1,)"), 8)), "the numbers are '<f8', expected '<f4'"));
  CHECK(contains(verdict(file_with(header("'>f4'", "False", "(1,)"), 4)), "the numbers are '>f4'"));
  CHECK(contains(verdict(file_with(header("[('a', '<f4')]", "False", "(1,)"), 4)), "structured"));
  CHECK(contains(verdict(file_with(header("'<f4'", "0", "(1,)"), 4)), "True or False"));
  CHECK(contains(verdict(file_with(header("'<f4'", "False", "(2,)"), 4)), "4 bytes follow the header, expected 8"));
  CHECK(contains(verdict(file_with(header("'<f4'", "False", "(1,)"), 5)), "5 bytes follow the header, expected 4"));
  CHECK(contains(verdict(file_with(header("'<f4'", "False", "(-1,)"), 4)), "not negative"));
  CHECK(contains(verdict(file_with(header("'<f4'", "False", "(4611686018427387904,)"), 4)), "overflows"));
  CHECK(contains(verdict(file_with(header("'<f4'", "False", "(9223372036854775808,)"), 4)), "2^63 - 1"));
  CHECK(contains(verdict(file_with("{'descr': '<f4', 'shape': (1,)}", 4)), "expected the members"));
  CHECK(contains(verdict(file_with("{'descr': '<f4', 'descr': '<f4'}", 4)), "appears twice"));
  CHECK(contains(verdict(file_with("{'other': '<f4'}", 4)), "unknown member"));
}

TEST_CASE("a file cut at any byte is refused") {
  const temporary_folder folder;
  const std::vector<std::int64_t> shape{2};
  const std::vector<float> values{1, 2};
  akin::write_npy<float>(folder / "good", shape, values);
  const std::string good = akin::read_file(folder / "good");
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string path = folder.put("x", good.substr(0, size));
    CHECK(sentence_of([&] { akin::read_npy<float>(path); }) != "");
  }
  const std::vector<std::int64_t> wrong{3};
  CHECK(contains(sentence_of([&] { akin::write_npy<float>(folder / "y", wrong, values); }), "2 numbers do not fit"));
}
