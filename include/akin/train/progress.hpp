// SPDX-License-Identifier: Apache-2.0
// The line that a training run shows: where it is, how it does, how fast it is and how long it will take.
#pragma once

#include <akin/train/number_text.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace akin::inline v0 {

/// Seconds of a clock that only moves forward.
inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Shows a training run: on a terminal one line that is rewritten at most five times a second, elsewhere plain lines, at most one
/// every five seconds and one at the end of each epoch.
/// values:  images/s and the time left come from a rate in which a step counts e times less once it is 30 s old; they are missing
///          until the second update. A resumed run starts with the step at which it stands: nothing before it counts as speed
/// cost:    an update that prints nothing reads the clock once
/// example: progress line(stderr, total_steps, steps_per_epoch, batch);
///          for (...) line.update({epoch, step, loss, learning_rate, temperature});
///          line.finish();
class progress {
 public:
  struct state {
    std::int64_t epoch = 0;  // the running epoch, counted from 1
    std::int64_t step = 0;   // steps done, those before a resumption among them
    double loss = 0;
    double learning_rate = 0;
    double temperature = 0;
  };

  /// Tests set the last two: a clock in seconds, and whether `out` is a terminal when isatty should not decide.
  progress(std::FILE* out, std::int64_t total_steps, std::int64_t steps_per_epoch, std::int64_t batch,
           std::function<double()> clock = steady_seconds, std::optional<bool> on_terminal = {})
      : out_(out),
        total_steps_(total_steps),
        steps_per_epoch_(steps_per_epoch > 0 ? steps_per_epoch : 1),
        batch_(batch),
        clock_(std::move(clock)),
        on_terminal_(on_terminal.value_or(is_terminal(out))) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() { finish(); }

  void update(const state& now) {
    const double time = clock_();
    measure(now.step, time);
    last_ = now;
    finished_ = false;
    const bool epoch_ends = now.step % steps_per_epoch_ == 0 || now.step == total_steps_;
    const double interval = on_terminal_ ? 0.2 : 5.0;
    pending_ = shown_ && time - shown_at_ < interval && (on_terminal_ || !epoch_ends);
    if (!pending_) show(time);
  }

  /// Prints a whole line of somebody else's, such as a result on the test set, without hurting the progress line.
  void note(std::string_view text) {
    if (line_open_) std::fputs("\r\x1b[K", out_);
    line_open_ = false;
    std::fwrite(text.data(), 1, text.size(), out_);
    std::fputc('\n', out_);
    if (on_terminal_ && shown_ && !finished_) show(clock_());
    std::fflush(out_);
  }

  /// Shows the last update if it was held back, then what this process did in all. The destructor does so too.
  void finish() {
    if (finished_) return;
    finished_ = true;
    const double time = clock_();
    if (pending_) show(time);
    if (line_open_) std::fputc('\n', out_);
    line_open_ = pending_ = false;
    const std::int64_t steps = last_.step - first_step_;
    if (steps > 0 && last_time_ > first_time_) {
      const double images = static_cast<double>(steps) * static_cast<double>(batch_), seconds = last_time_ - first_time_;
      const std::string line = "step " + detail::with_commas(last_.step) + ": " + detail::with_commas(steps) + " steps in " +
                               detail::duration(seconds) + ", " + whole(images / seconds) + " images/s\n";
      std::fputs(line.c_str(), out_);
    }
    std::fflush(out_);
  }

 private:
  static bool is_terminal(std::FILE* out) {
    const char* const kind = std::getenv("TERM");
    return ::isatty(::fileno(out)) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
  }

  /// Both sums fade alike, so that their quotient is right from the first interval on.
  void measure(std::int64_t step, double time) {
    if (!started_ || step < last_.step) {
      started_ = true;
      first_step_ = step;
      first_time_ = time;
      steps_ = seconds_ = 0;
    } else if (time > last_time_) {
      const double kept = std::exp(-(time - last_time_) / 30.0);
      steps_ = steps_ * kept + static_cast<double>(step - last_.step);
      seconds_ = seconds_ * kept + (time - last_time_);
    } else {
      steps_ += static_cast<double>(step - last_.step);
    }
    last_time_ = time;
  }

  static std::string whole(double value) {
    return value < 1e15 ? detail::with_commas(static_cast<std::int64_t>(std::llround(value))) : "n/a";
  }
  static std::string padded(std::string text, std::size_t places) {
    return text.size() < places ? std::string(places - text.size(), ' ') + text : text;
  }

  enum class width { full, without_rate, narrow };

  std::string line(width space) const {
    const std::string epochs = std::to_string((total_steps_ + steps_per_epoch_ - 1) / steps_per_epoch_);
    const std::string total = detail::with_commas(total_steps_);
    const double rate = seconds_ > 0 ? steps_ / seconds_ : 0;
    const double left = static_cast<double>(total_steps_ > last_.step ? total_steps_ - last_.step : 0);
    std::string text = "epoch " + padded(std::to_string(last_.epoch), epochs.size()) + "/" + epochs + "  step " +
                       padded(detail::with_commas(last_.step), total.size()) + "/" + total;
    text += "  loss " + padded(detail::fixed(last_.loss, 4), 6);
    if (space == width::full) text += "  lr " + detail::formatted(last_.learning_rate, std::chars_format::scientific, 2);
    if (space != width::narrow) text += "  temperature " + detail::fixed(last_.temperature, 4);
    text += "  " + padded(rate > 0 ? whole(rate * static_cast<double>(batch_)) : "-", 7) + " images/s";
    return text + "  " + (rate > 0 ? detail::duration(left / rate) : "-") + " left";
  }

  void show(double time) {
    std::string text = line(width::full);
    if (on_terminal_) {
      // A line that wraps cannot be rewritten: a window of 80 places goes without the learning rate and the temperature.
      struct ::winsize window {};
      const bool known = ::ioctl(::fileno(out_), TIOCGWINSZ, &window) == 0 && window.ws_col > 1;
      if (known && text.size() >= window.ws_col) text = line(width::without_rate);
      if (known && text.size() >= window.ws_col) text = line(width::narrow);
      if (known && text.size() >= window.ws_col) text.resize(window.ws_col - 1u);
      text = "\r" + text + "\x1b[K";
    } else {
      text += '\n';
    }
    std::fputs(text.c_str(), out_);
    std::fflush(out_);
    line_open_ = on_terminal_;
    shown_ = true;
    pending_ = false;
    shown_at_ = time;
  }

  std::FILE* out_;
  std::int64_t total_steps_, steps_per_epoch_, batch_;
  std::function<double()> clock_;
  bool on_terminal_;
  state last_;
  bool started_ = false, shown_ = false, pending_ = false, line_open_ = false, finished_ = true;
  std::int64_t first_step_ = 0;
  double first_time_ = 0, last_time_ = 0, shown_at_ = 0;
  double steps_ = 0, seconds_ = 0;  // done lately
};

}  // namespace akin::inline v0
