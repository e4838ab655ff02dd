// SPDX-License-Identifier: Apache-2.0
// A table of metrics that grows row by row and can be taken up again at a given row.
#pragma once

#include <akin/io/file.hpp>
#include <akin/support/error.hpp>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// A CSV file with a header row. Each row reaches the system in one write, so that a killed process leaves whole rows, and a row
/// that did not fit the disk is taken back. Numbers carry as many digits as reading them back exactly needs.
/// example:  csv_writer log("log.csv", {"step", "loss"});  log.row(10, 4.25f);
class csv_writer {
 public:
  /// Begins a new table; a file that exists is emptied.
  csv_writer(std::string path, std::vector<std::string> columns) : csv_writer(std::move(path), std::move(columns), O_TRUNC) {
    append(header());
  }

  /// Takes up a table and keeps its first `rows` rows; later ones, finished or not, are removed.
  /// errors: another header, or fewer rows than asked for
  static csv_writer resume(std::string path, std::vector<std::string> columns, std::int64_t rows) {
    const std::string text = read_file(path);
    csv_writer table(std::move(path), std::move(columns), 0);
    const std::string header = table.header();
    if (!text.starts_with(header))
      fail("csv: '", table.path_, "': its first row differs from the columns, expected ", header.substr(0, header.size() - 1));
    std::size_t end = header.size();
    for (; table.rows_ < rows; ++table.rows_) {
      const std::size_t next = end_of_row(text, end);
      if (next == std::string::npos) fail("csv: '", table.path_, "' has ", table.rows_, " whole rows, expected at least ", rows);
      end = next;
    }
    table.size_ = end;
    if (!table.cut()) {
      const int code = errno;
      fail("csv: cannot shorten '", table.path_, "' to ", rows, " rows: ", detail::system_reason(code));
    }
    return table;
  }

  /// Appends one row, a cell for each column: text, numbers and bools ("true", "false"). Empty text is an empty cell.
  template <class... Cells>
  void row(const Cells&... cells) {
    if (sizeof...(cells) != columns_.size())
      fail("csv: '", path_, "', row ", rows_, ": got ", sizeof...(cells), " cells, expected ", columns_.size());
    std::string line;
    (put_cell(line, cell_text(cells)), ...);
    finish(line);
    append(line);
    ++rows_;
  }

  /// Rows after the header.
  std::int64_t rows() const { return rows_; }

 private:
  csv_writer(std::string path, std::vector<std::string> columns, int flags)
      : path_(std::move(path)), columns_(std::move(columns)) {
    if (columns_.empty()) fail("csv: '", path_, "': a table needs at least one column");
    // O_APPEND: after a row was taken back, the next one begins where the file ends.
    file_ = detail::file_descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0666));
    if (!file_.is_open()) {
      const int code = errno;
      fail("csv: cannot write '", path_, "': ", detail::system_reason(code));
    }
  }

  template <class Cell>
  static std::string cell_text(const Cell& cell) {
    if constexpr (std::same_as<Cell, bool>) {
      return cell ? "true" : "false";
    } else if constexpr (std::is_arithmetic_v<Cell> && !std::same_as<Cell, char>) {
      std::array<char, 64> digits;
      const auto [end, code] = std::to_chars(digits.data(), digits.data() + digits.size(), cell);
      return std::string(digits.data(), end);
    } else if constexpr (std::same_as<Cell, char>) {
      return std::string(1, cell);
    } else {
      return std::string(std::string_view(cell));
    }
  }

  static void put_cell(std::string& line, const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
      line += text;
    } else {
      line += '"';
      for (const char c : text) line.append(c == '"' ? 2 : 1, c);
      line += '"';
    }
    line += ',';
  }

  /// The last comma becomes the end of the row. A lone empty cell is quoted, because many readers skip empty lines.
  static void finish(std::string& line) {
    if (line == ",") line = "\"\",";
    line.back() = '\n';
  }

  std::string header() const {
    std::string line;
    for (const std::string& column : columns_) put_cell(line, column);
    finish(line);
    return line;
  }

  /// The place after the row that begins here, or npos when it is not finished. Line breaks inside quotes belong to cells.
  static std::size_t end_of_row(std::string_view text, std::size_t from) {
    bool quoted = false;
    for (std::size_t k = from; k < text.size(); ++k) {
      if (text[k] == '"') quoted = !quoted;
      if (text[k] == '\n' && !quoted) return k + 1;
    }
    return std::string_view::npos;
  }

  bool cut() const { return ::ftruncate(file_.get(), static_cast<::off_t>(size_)) == 0; }

  void append(const std::string& line) {
    std::size_t done = 0;
    const int code = detail::write_fully(file_.get(), line.data(), line.size(), done);
    if (code != 0) {
      if (done != 0 && !cut())
        fail("csv: cannot write '", path_, "' after ", rows_,
             " rows, and a part of the next is left: ", detail::system_reason(code));
      fail("csv: cannot write '", path_, "' after ", rows_, " rows: ", detail::system_reason(code));
    }
    size_ += line.size();
  }

  std::string path_;
  std::vector<std::string> columns_;
  detail::file_descriptor file_;
  std::uint64_t size_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace akin::inline v0
