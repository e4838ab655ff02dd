// SPDX-License-Identifier: Apache-2.0
// Reads the images of a folder, a batch at a time: in memory are one image for each worker and the batch, however many files
// there are.
#pragma once

#include <akin/data/preprocess.hpp>
#include <akin/data/read_image.hpp>
#include <akin/io/file.hpp>
#include <akin/support/error.hpp>
#include <akin/support/threads.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace akin::inline v0 {

/// How the names of image files end, after a dot.
inline constexpr std::array<std::string_view, 8> image_endings{"jpg", "jpeg", "png", "webp", "ppm", "pgm", "pbm", "pnm"};

/// Whether a name ends as image files do, in any case.
inline bool is_image_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::ranges::find(image_endings, ending) != image_endings.end();
}

/// A file or folder that was not read: where it is and why.
struct skipped_image {
  std::string path, reason;
};

/// What image_files finds: the images, the folders that cannot be read, and how many other files there are, whose names end otherwise
/// or begin with a dot.
struct folder_listing {
  std::vector<std::string> images;
  std::vector<skipped_image> unreadable;
  std::int64_t others = 0;
};

/// Whether files and folders of this name are left out unless they are named themselves.
inline bool is_hidden_name(std::string_view name) { return name.starts_with('.'); }

namespace detail {

/// Adds what is in a folder and below, but not in the folders that were `seen` before, by whichever way.
inline void list_images(const std::filesystem::path& folder, std::set<std::filesystem::path>& seen, folder_listing& found) {
  std::error_code code;
  const auto place = std::filesystem::canonical(folder, code);
  if (!code && !seen.insert(place).second) return;
  std::vector<std::filesystem::path> entries;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) entries.push_back(entry->path());
  const auto skip = [&](const char* what, const std::filesystem::path& path) {
    found.unreadable.push_back({path.string(), what + (" '" + path.string() + "': ") + code.message()});
  };
  if (code) skip("cannot read the folder", folder);
  std::ranges::sort(entries);
  for (const auto& entry : entries) {
    const std::string name = entry.filename().string();
    const auto status = std::filesystem::status(entry, code);
    if (code == std::errc::permission_denied) {
      std::error_code unknown;
      if (std::filesystem::is_symlink(entry, unknown)) {
        skip("cannot follow the link", entry);
        continue;
      }
      return skip("cannot look into the folder", folder);
    }
    if (std::filesystem::is_directory(status)) {
      if (!is_hidden_name(name)) list_images(entry, seen, found);
    } else if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      continue;
    } else if (is_image_name(name) && !is_hidden_name(name)) {
      found.images.push_back(entry.string());
    } else {
      ++found.others;
    }
  }
}

}  // namespace detail

/// The image files of a folder and of the folders in it, linked ones too and each once, by their names alone and in the order of
/// their bytes; links that lead nowhere among them, so that reading says so. Folders that cannot be read, this one too, are listed with the
/// reason, and end nothing.
inline folder_listing image_files(const std::string& folder) {
  folder_listing found;
  std::set<std::filesystem::path> seen;
  detail::list_images(folder, seen, found);
  std::ranges::sort(found.images);
  return found;
}

/// Runs work() on an image: why it cannot be read, or nothing.
template <class Work>
std::string why_unreadable(const std::string& path, Work work) {
  try {
    work();
  } catch (const error& mistake) {
    return mistake.what();
  } catch (const std::bad_alloc&) {
    return "there is no memory for image '" + path + "'";
  }
  return {};
}

/// Images as a tower reads them, and which files they are from.
struct image_batch {
  std::vector<std::string> paths;
  std::vector<float> pixels;  // [paths, 3, size, size]
};

/// Reads files in their order, each by one worker of the pool. What cannot be read is skipped, named and counted.
/// values:   the same for every number of threads
/// cost:     one image for each worker, and the batch
/// errors:   a size below 1
/// example:  docs/how_to/images.md
class image_loader {
 public:
  image_loader(std::vector<std::string> paths, const preprocessing& how,
               std::shared_ptr<thread_pool> pool = std::make_shared<thread_pool>())
      : paths_(std::move(paths)), how_(how), pool_(std::move(pool)) {
    if (how_.size < 1) fail("image_loader: got the size ", how_.size, ", expected at least one pixel");
  }

  /// The images of the next `count` files, fewer where some are skipped.
  image_batch next(std::int64_t count) {
    const std::size_t files = (std::min)(static_cast<std::size_t>((std::max)(count, std::int64_t{1})), paths_.size() - done_);
    const std::size_t each = 3 * static_cast<std::size_t>(how_.size * how_.size);
    image_batch batch{{}, std::vector<float>(files * each)};
    std::vector<std::string> reasons(files);
    pool_->run(static_cast<std::int64_t>(files), [&](std::int64_t block, int) {
      const auto k = static_cast<std::size_t>(block);
      const std::string& path = paths_[done_ + k];
      reasons[k] = why_unreadable(path, [&] {
        normalize(preprocess(read_stored_image(path), how_), how_, std::span(batch.pixels).subspan(k * each, each));
      });
    });
    for (std::size_t k = 0; k < files; ++k) {
      if (!reasons[k].empty()) {
        skipped_.push_back({paths_[done_ + k], reasons[k]});
        continue;
      }
      std::copy_n(batch.pixels.begin() + static_cast<std::ptrdiff_t>(k * each), each,
                  batch.pixels.begin() + static_cast<std::ptrdiff_t>(batch.paths.size() * each));
      batch.paths.push_back(paths_[done_ + k]);
    }
    batch.pixels.resize(batch.paths.size() * each);
    done_ += files;
    return batch;
  }

  bool at_end() const { return done_ == paths_.size(); }
  std::size_t files() const { return paths_.size(); }
  std::size_t files_done() const { return done_; }
  const std::vector<skipped_image>& skipped() const { return skipped_; }

 private:
  std::vector<std::string> paths_;
  preprocessing how_;
  std::shared_ptr<thread_pool> pool_;
  std::size_t done_ = 0;
  std::vector<skipped_image> skipped_;
};

}  // namespace akin::inline v0
