#include "coordinator/compare/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "coordinator/compare/figures.h"

namespace thumbmill {
namespace {

std::vector<std::string> BackendsOf(const MeasuredSet& set) {
  std::vector<std::string> names;
  for (const MeasuredCase& each : set.cases)
    if (std::find(names.begin(), names.end(), each.backend) == names.end())
      names.push_back(each.backend);
  return names;
}

unsigned MostWorkers(const MeasuredSet& set) {
  unsigned most = 1;
  for (const MeasuredCase& each : set.cases)
    most = std::max(most, each.workers);
  return most;
}

// Plots images a second against workers. The lines differ in dash and mark too,
// not only in colour.
std::string ThroughputPlot(const MeasuredSet& set) {
  std::string data, plots;
  int style = 1;
  for (const std::string& backend : BackendsOf(set)) {
    const std::string block = fmt::format("$t_{}_{}", set.name, backend);
    data += block + " << EOD\n";
    for (const MeasuredCase& each : set.cases) {
      if (each.backend != backend) continue;
      const Spread rate = each.ImagesPerSecond();
      data += fmt::format("{} {:.3f} {:.3f} {:.3f}\n", each.workers,
                          rate.median, rate.low, rate.high);
    }
    data += "EOD\n";
    plots +=
        fmt::format("{0} using 1:2:3:4 with yerrorlines ls {1} title '{2}', ",
                    block, style++, backend);
  }
  const double serial = figures::SerialRate(set);
  if (serial > 0)
    plots += fmt::format("{:.3f}*x with lines ls 9 title 'ideal'", serial);
  else
    plots.resize(plots.size() - 2);
  return data + fmt::format(
                    "set title '{0}: {1}'\nset xlabel 'workers'\n"
                    "set ylabel 'images/s'\n"
                    "set key outside right top vertical\n"
                    "set xrange [0.5:{2}.5]\nset yrange [0:*]\nset xtics 1\n"
                    "unset format y\nplot {3}\n",
                    set.name, set.what, MostWorkers(set), plots);
}

// Plots the time of an image by stage, for each backend with its highest number
// of workers.
std::string StagePlot(const MeasuredSet& set) {
  std::string data = fmt::format("$s_{} << EOD\n", set.name);
  for (const std::string& backend : BackendsOf(set)) {
    const MeasuredCase* most = nullptr;
    for (const MeasuredCase& each : set.cases)
      if (each.backend == backend) most = &each;
    double sum = 0;
    for (const figures::Stage& stage : figures::Stages())
      sum += figures::StageMs(*most, stage);
    data += fmt::format("\"{} ×{}\"", backend, most->workers);
    for (const figures::Stage& stage : figures::Stages())
      data += fmt::format(
          " {:.3f}", sum > 0 ? 100 * figures::StageMs(*most, stage) / sum : 0);
    data += "\n";
  }
  data += "EOD\n";
  std::string plots;
  for (std::size_t i = 0; i < figures::Stages().size(); ++i)
    plots += fmt::format(
        "{}$s_{} using {}{} ls {} title '{}'", i > 0 ? ", " : "", set.name,
        i + 2, i == 0 ? ":xtic(1)" : "", 11 + i, figures::Stages()[i].name);
  return data +
         fmt::format(
             "set title '{}: where an image spends its time'\nunset xlabel\n"
             "set ylabel '% of the time of an image'\n"
             // The key stands below: beside the bars it would take the room
             // of their names.
             "set key outside bottom center horizontal\n"
             "set xrange [-0.6:{}.4]\nset yrange [0:100]\n"
             "set xtics autofreq\n"
             "set style data histograms\nset style histogram rowstacked\n"
             "set style fill solid 1 border lt -1\nset boxwidth 0.6\n"
             "plot {}\nset style data lines\n",
             set.name, BackendsOf(set).size() - 1, plots);
}

}  // namespace

std::string PlotScript(const Comparison& comparison, const std::string& file) {
  std::string text = fmt::format(
      "set terminal svg size 1000,{} font 'sans-serif,13' background "
      "'white'\nset output '{}'\nset encoding utf8\n"
      "set border 3\nset tics nomirror\nset grid ytics lc rgb '#dddddd'\n"
      "set linetype 1 lw 1\n"
      "set style line 1 lc rgb '#000000' dt 1 lw 2 pt 4 ps 0.8\n"
      "set style line 2 lc rgb '#0868ac' dt 2 lw 2 pt 6 ps 0.8\n"
      "set style line 3 lc rgb '#d95f02' dt 4 lw 2 pt 8 ps 0.9\n"
      "set style line 9 lc rgb '#999999' dt 3 lw 1.5\n",
      360 * comparison.sets.size() + 30, file);
  // Neighbours differ in lightness, so that they differ in grey print as well.
  constexpr const char* kFills[] = {"#1b1b1b", "#f2f2f2", "#2c5f8a",
                                    "#7fb2d9", "#c97b2f", "#bdbdbd"};
  for (std::size_t i = 0; i < figures::Stages().size(); ++i)
    text += fmt::format("set style line {} lc rgb '{}'\n", 11 + i, kFills[i]);
  text += fmt::format("set multiplot layout {},2\n", comparison.sets.size());
  for (const MeasuredSet& set : comparison.sets)
    text += ThroughputPlot(set) + StagePlot(set);
  return text + "unset multiplot\n";
}

}  // namespace thumbmill
