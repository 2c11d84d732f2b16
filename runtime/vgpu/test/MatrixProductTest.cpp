// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `mma` of every form and level, against sums element by element. Where elements are in registers
// is read from tables that others made.
#include "Kernel.h"
#include "fragments/FragmentTables.h"

#include <cmath>

using namespace moert::vgpu;
using namespace moert::vgpu::test;
using moert::fragments::kTables;
using moert::fragments::Table;

namespace {

constexpr uint32_t kProducts = 24; // of a launch, one of each block
constexpr double kInfinity = HUGE_VAL;

struct Random {
  uint64_t state = 88172645463325252;
  uint64_t operator()() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  }
};

/// A float of so many bits, with its exponent and its mantissa; the value as the ISA defines it.
struct Format {
  const char *name;
  uint32_t bits, exponent, mantissa;
};
constexpr Format kFormats[] = {{"f16", 16, 5, 10}, {"bf16", 16, 8, 7},  {"tf32", 32, 8, 10},
                               {"f32", 32, 8, 23}, {"f64", 64, 11, 52}, {"e4m3", 8, 4, 3},
                               {"e5m2", 8, 5, 2},  {"s8", 8, 0, 0},     {"u8", 8, 0, 0},
                               {"s32", 32, 0, 0}};

const Format &formatOf(const std::string &name) {
  for (const Format &format : kFormats)
    if (format.name == name)
      return format;
  ADD_FAILURE() << name;
  return kFormats[0];
}

double valueOf(const Format &format, uint64_t bits) {
  const std::string name = format.name;
  if (name == "s8" || name == "u8" || name == "s32")
    return name == "s8" ? int8_t(bits) : name == "u8" ? uint8_t(bits) : int32_t(bits);
  if (name == "tf32")
    bits >>= 13; // the lower bits do not count
  const uint64_t mantissa = bits & ((uint64_t(1) << format.mantissa) - 1);
  const uint64_t most = (uint64_t(1) << format.exponent) - 1;
  const uint64_t exponent = (bits >> format.mantissa) & most;
  const double sign = (bits >> (format.mantissa + format.exponent)) & 1 ? -1 : 1;
  const bool hasInfinity = name != "e4m3";
  if (exponent == most && (hasInfinity || mantissa == 7))
    return hasInfinity && mantissa == 0 ? sign * kInfinity : NAN;
  const int bias = int(most / 2),
            scale = int(exponent ? exponent : 1) - bias - int(format.mantissa);
  const uint64_t first = exponent ? uint64_t(1) << format.mantissa : 0;
  return sign * std::ldexp(double(first + mantissa), scale);
}

template <typename To, typename From>
To bitsAs(From from) {
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// To nearest even.
uint64_t halfOf(double value) {
  if (value != value)
    return 0x7fff;
  const uint64_t sign = std::signbit(value) ? 0x8000 : 0;
  value = std::fabs(value);
  if (value >= 65520)
    return sign | 0x7c00;
  const int exponent = value < 0x1p-14 ? -14 : std::ilogb(value);
  return sign | (uint64_t(exponent + 14) * 1024 +
                 uint64_t(std::nearbyint(std::ldexp(value, 10 - exponent))));
}

/// A form of `mma`, with the tables of its matrices.
struct Form {
  std::string shape, d, a, b;
  bool saturates = false;
  const Table *tableA, *tableB, *tableC;
  std::string instruction() const {
    return "mma.sync.aligned." + shape + ".row.col" + (saturates ? ".satfinite." : ".") + d + "." +
           a + "." + b + "." + d;
  }
};

std::vector<Form> forms() {
  std::vector<Form> found;
  for (const Table *table = std::begin(kTables); std::string(table->matrix) == "a"; table += 3) {
    Form form;
    std::vector<std::string> parts(1);
    for (const char *c = table->instruction; *c; ++c)
      *c == '.' ? parts.emplace_back() : parts.back() += *c;
    form.shape = parts[1];
    form.d = parts[2];
    form.a = parts[3];
    form.b = parts[4];
    form.tableA = table;
    form.tableB = table + 1;
    form.tableC = table + 2;
    found.push_back(form);
    if (form.d == "s32") {
      form.saturates = true;
      found.push_back(form);
    }
    // Bytes lie as bytes do, whatever they mean.
    if (form.shape == "m16n8k16" && form.a == "s8" && form.b == "u8")
      for (std::string sum : {"f16", "f32"}) {
        form.saturates = false;
        form.d = sum;
        form.a = "e4m3";
        form.b = "e5m2";
        found.push_back(form);
      }
  }
  return found;
}

/// Elements of a matrix row by row, to and from the registers of 32 lanes.
std::vector<uint64_t> pack(const Table &table, uint32_t bits, const std::vector<uint64_t> &matrix) {
  const uint32_t registerBits = bits == 64 ? 64 : 32, perRegister = registerBits / bits;
  const uint32_t registers = table.elements / perRegister;
  std::vector<uint64_t> packed(kLanes * registers);
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < table.elements; ++i)
      packed[lane * registers + i / perRegister] |= matrix[table.places[lane * table.elements + i]]
                                                    << (i % perRegister * bits);
  return packed;
}

std::vector<uint64_t> unpack(const Table &table, uint32_t bits, const uint64_t *packed) {
  const uint32_t registerBits = bits == 64 ? 64 : 32, perRegister = registerBits / bits;
  const uint32_t registers = table.elements / perRegister;
  const uint64_t mask = bits == 64 ? UINT64_MAX : (uint64_t(1) << bits) - 1;
  std::vector<uint64_t> matrix(table.rows * table.columns);
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    for (uint32_t i = 0; i < table.elements; ++i)
      matrix[table.places[lane * table.elements + i]] =
          (packed[lane * registers + i / perRegister] >> (i % perRegister * bits)) & mask;
  return matrix;
}

uint32_t registersOf(const Table &table, uint32_t bits) {
  return bits == 64 ? table.elements : table.elements * bits / 32;
}

/// Each lane loads its registers, 64 bits of memory for each, and stores those of the result.
std::string kernelFor(const Form &form) {
  const std::string names[] = {"a", "b", "c", "q"};
  const Format &sum = formatOf(form.d);
  const uint32_t counts[] = {registersOf(*form.tableA, formatOf(form.a).bits),
                             registersOf(*form.tableB, formatOf(form.b).bits),
                             registersOf(*form.tableC, sum.bits),
                             registersOf(*form.tableC, sum.bits)};
  const std::string factor = form.a == "f64" ? "f64" : "b32";
  const std::string types[] = {factor, factor, form.d == "f16" ? "b32" : form.d,
                               form.d == "f16" ? "b32" : form.d};
  std::string text = kHead + ".entry k(.param .u64 out, .param .u64 in) {\n"
                             ".reg .b64 %d<9>; .reg .b32 %r<9>;\n";
  for (int i = 0; i < 4; ++i)
    text += ".reg ." + types[i] + " %" + names[i] + "<4>;\n";
  const uint32_t inputs = counts[0] + counts[1] + counts[2];
  text += "ld.param.u64 %d1, [out]; ld.param.u64 %d2, [in]; mov.u32 %r1, %laneid;\n"
          "mov.u32 %r2, %ctaid.x; mad.lo.u32 %r1, %r2, 32, %r1;\n"
          "mad.wide.u32 %d1, %r1, " +
          std::to_string(8 * counts[3]) + ", %d1; mad.wide.u32 %d2, %r1, " +
          std::to_string(8 * inputs) + ", %d2;\n";
  std::string lists[4], stores;
  uint32_t place = 0;
  for (int i = 0; i < 4; ++i)
    for (uint32_t j = 0; j < counts[i]; ++j) {
      const std::string name = "%" + names[i] + std::to_string(j);
      lists[i] += (j ? ", " : "") + name;
      if (i < 3)
        text +=
            "ld.global." + types[i] + " " + name + ", [%d2+" + std::to_string(8 * place++) + "];\n";
      else
        stores += "st.global." + types[i] + " [%d1+" + std::to_string(8 * j) + "], " + name + ";\n";
    }
  return text + form.instruction() + " {" + lists[3] + "}, {" + lists[0] + "}, {" + lists[1] +
         "}, {" + lists[2] + "};\n" + stores + "ret; }\n";
}

/// What an instruction computes; the float sum is our model's, k ascending.
uint64_t expectedOf(const Form &form, const std::vector<double> &a, const std::vector<double> &b,
                    uint64_t added) {
  const Format &format = formatOf(form.d);
  const double start = valueOf(format, added);
  if (form.d == "s32") {
    int64_t sum = int32_t(added);
    for (size_t k = 0; k < a.size(); ++k)
      sum += int64_t(a[k]) * int64_t(b[k]);
    if (form.saturates)
      sum = std::min<int64_t>(std::max<int64_t>(sum, INT32_MIN), INT32_MAX);
    return uint32_t(sum);
  }
  if (form.d == "f64") {
    double sum = start;
    for (size_t k = 0; k < a.size(); ++k)
      sum = std::fma(a[k], b[k], sum);
    return sum != sum ? 0x7fffffffffffffff : bitsAs<uint64_t>(sum);
  }
  auto sum = float(start);
  double exact = start, magnitude = std::fabs(start);
  for (size_t k = 0; k < a.size(); ++k) {
    const double product = a[k] * b[k];
    sum += float(product);
    exact += product;
    magnitude += std::fabs(product);
  }
  // Whatever the order, sums are near the exact one.
  if (magnitude < 0x1p127) {
    EXPECT_NEAR(double(sum), exact, double(a.size()) * (magnitude * 0x1p-23 + 0x1p-149));
  }
  if (form.d == "f16")
    return halfOf(double(sum));
  return sum != sum ? 0x7fffffff : bitsAs<uint32_t>(sum);
}

/// Bits for an element: numbers of middling size, or anything.
enum class Mix { Numbers, SomeSpecials, Tiny, Anything };
constexpr Mix kMixes[] = {Mix::Numbers, Mix::SomeSpecials, Mix::Tiny, Mix::Anything};

uint64_t elementOf(const Format &format, Mix mix, Random &random) {
  const uint64_t mask = format.bits == 64 ? UINT64_MAX : (uint64_t(1) << format.bits) - 1;
  const uint64_t bits = random() & mask;
  if (format.exponent == 0 || mix == Mix::Anything) {
    // Limits of integers, so that sums overflow.
    const uint64_t limits[] = {mask, mask >> 1, (mask >> 1) + 1, 0};
    return mix == Mix::SomeSpecials || mix == Mix::Tiny ? limits[random() % 4] : bits;
  }
  const uint32_t below = format.bits - 1 - format.exponent;
  const uint64_t most = ((uint64_t(1) << format.exponent) - 1) << below;
  const uint64_t sign = bits & (uint64_t(1) << (format.bits - 1));
  const uint64_t fraction = bits & ((uint64_t(1) << below) - 1);
  if (mix == Mix::Tiny) // zeros and subnormal numbers
    return random() % 3 ? sign | fraction : sign;
  if (mix == Mix::SomeSpecials && random() % 48 == 0) {
    const uint64_t specials[] = {most, most | uint64_t(1) << (below - 1), most - 1, 0, 1};
    return sign | specials[random() % 5];
  }
  const uint64_t bias = most / 2 >> below << below;
  return sign | (bias - (uint64_t(2) << below) + ((random() % 4) << below)) | fraction;
}

void check(const Form &form, Mix mix, Level level) {
  Device device;
  ASSERT_TRUE(device.load(kernelFor(form), level)) << form.instruction() << "\n" << device.error;
  const Format &a = formatOf(form.a), &b = formatOf(form.b), &c = formatOf(form.d);
  Random random;
  std::vector<std::vector<uint64_t>> matrices[3];
  std::vector<uint64_t> inputs;
  for (uint32_t i = 0; i < kProducts; ++i) {
    const Table *tables[] = {form.tableA, form.tableB, form.tableC};
    const Format *formats[] = {&a, &b, &c};
    std::vector<uint64_t> packed[3];
    for (int m = 0; m < 3; ++m) {
      std::vector<uint64_t> matrix(tables[m]->rows * tables[m]->columns);
      for (uint64_t &element : matrix)
        element = elementOf(*formats[m], mix, random);
      packed[m] = pack(*tables[m], formats[m]->bits, matrix);
      matrices[m].push_back(matrix);
    }
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      for (const auto &part : packed)
        inputs.insert(inputs.end(), part.begin() + lane * part.size() / kLanes,
                      part.begin() + (lane + 1) * part.size() / kLanes);
  }
  const uint32_t results = kLanes * registersOf(*form.tableC, c.bits);
  const uint64_t in = device.upload(inputs),
                 out = device.upload(std::vector<uint64_t>(kProducts * results));
  ASSERT_TRUE(device.run({kProducts, 1, 1}, {kLanes, 1, 1}, {out, in})) << device.error;
  const auto packed = device.download<uint64_t>(out, kProducts * results);
  const uint32_t depth = form.tableA->columns, columns = form.tableC->columns;
  for (uint32_t i = 0; i < kProducts; ++i) {
    const auto d = unpack(*form.tableC, c.bits, packed.data() + i * results);
    for (uint32_t row = 0; row < form.tableC->rows; ++row)
      for (uint32_t column = 0; column < columns; ++column) {
        std::vector<double> left(depth), right(depth);
        for (uint32_t k = 0; k < depth; ++k) {
          left[k] = valueOf(a, matrices[0][i][row * depth + k]);
          right[k] = valueOf(b, matrices[1][i][k * columns + column]);
        }
        const uint32_t place = row * columns + column;
        ASSERT_EQ(d[place], expectedOf(form, left, right, matrices[2][i][place]))
            << form.instruction() << " at level " << int(level) << ", mix " << int(mix) << ", row "
            << row << ", column " << column;
      }
  }
}

TEST(MatrixProductTest, EveryFormAtEveryLevel) {
  const auto all = forms();
  EXPECT_EQ(all.size(), 35u);
  for (const Form &form : all)
    for (Mix mix : kMixes)
      for (Level level : {Level::Baseline, Level::Avx2, Level::Avx512})
        if (level <= bestLevel())
          check(form, mix, level);
}

} // namespace
