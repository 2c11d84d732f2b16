// A vectorised kernel over units, weights of three kinds, a helper, a check: compiled, linked, run by libmoert.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %python -c "import struct; open(r'%t/w.bin', 'wb').write(struct.pack('<200f', *[i / 8 for i in range(200)]))"
// RUN: moec-test-emit %s -o %t/rows.so
// RUN: %cc -I %moec_source/runtime/include %S/Inputs/run-rows.c -o %t/run %moec_build/lib/libmoert.a -lstdc++ -lpthread -ldl -lm
// RUN: %t/run %t/rows.so | FileCheck %s
// RUN: env MOERT_ISA=v2 %t/run %t/rows.so | FileCheck %s
//
// An artifact exports one symbol and needs nothing but the C library's copies.
// RUN: llvm-nm -D --defined-only %t/rows.so | FileCheck %s --check-prefix=EXPORTS
// RUN: llvm-nm -D -u %t/rows.so | awk '$2 !~ /^(mem(cpy|move|set|cmp)|bcmp)(@|$)/ {print "forbidden", $2}' \
// RUN:   | FileCheck %s --check-prefix=IMPORTS --allow-empty
// RUN: llvm-readelf -d -n %t/rows.so | FileCheck %s --check-prefix=DYNAMIC

// y[r, c] = x[r, c] * (c / 8) + gain + bf16(w[1, c % 40, 2]), where w is the packed weight
// CHECK: 7 rows: 0 wrong
// CHECK: 0 rows: 0 wrong
// CHECK: 33 rows: resource exhausted: at most 32 rows

// EXPORTS: {{[DR]}} moert_artifact_v1
// EXPORTS-NOT: {{.}}
// IMPORTS-NOT: forbidden
// DYNAMIC: (SONAME) Library soname: [rows.so]
// DYNAMIC: Build ID

module attributes {rt.metadata = "{\"model\": \"rows\"}"} {
rt.weight @scale : tensor<64xf32> = #rt.file<"w.bin", 0, tensor<64xf32>>
// 2 x 40 x 5 with the slab stride of 4,096 bytes.
rt.weight @panels : memref<2x2x3x32x2xbf16, strided<[2048, 192, 64, 2, 1]>>
  = #rt.pack<#rt.cast<#rt.stack<[#rt.reshape<#rt.slice<#rt.file<"w.bin", 0, tensor<200xf32>>, [0], [200]>, [40, 5]>,
                                 #rt.transpose<#rt.file<"w.bin", 0, tensor<5x40xf32>>, [1, 0]>]>, bf16>, 1>
rt.weight @gain : tensor<1xf32> = dense<0.5>  : tensor<1xf32>
rt.kernel @rows {v2 = @rows_v2, avx2 = @rows_avx2}

func.func private @rows_v2(%begin: index, %end: index, %x: memref<?x64xf32>, %s: memref<64xf32>, %g: memref<1xf32>,
                           %w: memref<2x2x3x32x2xbf16, strided<[2048, 192, 64, 2, 1]>>, %y: memref<?x64xf32>)
    attributes {rt.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c40 = arith.constant 40 : index
  %c64 = arith.constant 64 : index
  %gain = memref.load %g[%c0] : memref<1xf32>
  %gains = vector.broadcast %gain : f32 to vector<8xf32>
  %line = memref.alloca() : memref<64xf32>
  scf.for %c = %c0 to %c64 step %c1 {
    %n = arith.remui %c, %c40 : index
    %panel = arith.divui %n, %c32 : index
    %column = arith.remui %n, %c32 : index
    // k = 2 is pair 1, element 0
    %b = memref.load %w[%c1, %panel, %c1, %column, %c0] : memref<2x2x3x32x2xbf16, strided<[2048, 192, 64, 2, 1]>>
    %f = arith.extf %b : bf16 to f32
    %r = arith.truncf %f : f32 to bf16
    %e = arith.extf %r : bf16 to f32
    memref.store %e, %line[%c] : memref<64xf32>
  }
  scf.for %i = %begin to %end step %c1 {
    scf.for %c = %c0 to %c64 step %c8 {
      %v = vector.load %x[%i, %c] : memref<?x64xf32>, vector<8xf32>
      %f = vector.load %s[%c] : memref<64xf32>, vector<8xf32>
      %l = vector.load %line[%c] : memref<64xf32>, vector<8xf32>
      %p = arith.mulf %v, %f : vector<8xf32>
      %q = arith.addf %p, %gains : vector<8xf32>
      %t = arith.addf %q, %l : vector<8xf32>
      vector.store %t, %y[%i, %c] : memref<?x64xf32>, vector<8xf32>
    }
  }
  return
}

func.func private @rows_avx2(%begin: index, %end: index, %x: memref<?x64xf32>, %s: memref<64xf32>, %g: memref<1xf32>,
                             %w: memref<2x2x3x32x2xbf16, strided<[2048, 192, 64, 2, 1]>>, %y: memref<?x64xf32>)
    attributes {rt.kernel, prefer_vector_width = "256",
                target_features = #llvm.target_features<["+avx", "+avx2", "+fma", "+f16c"]>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c40 = arith.constant 40 : index
  %c64 = arith.constant 64 : index
  %gain = memref.load %g[%c0] : memref<1xf32>
  %gains = vector.broadcast %gain : f32 to vector<8xf32>
  scf.for %i = %begin to %end step %c1 {
    scf.for %c = %c0 to %c64 step %c8 {
      %v = vector.load %x[%i, %c] : memref<?x64xf32>, vector<8xf32>
      %f = vector.load %s[%c] : memref<64xf32>, vector<8xf32>
      %p = arith.mulf %v, %f : vector<8xf32>
      %q = arith.addf %p, %gains : vector<8xf32>
      vector.store %q, %y[%i, %c] : memref<?x64xf32>, vector<8xf32>
    }
    scf.for %c = %c0 to %c64 step %c1 {
      %n = arith.remui %c, %c40 : index
      %panel = arith.divui %n, %c32 : index
      %column = arith.remui %n, %c32 : index
      %b = memref.load %w[%c1, %panel, %c1, %column, %c0] : memref<2x2x3x32x2xbf16, strided<[2048, 192, 64, 2, 1]>>
      %f = arith.extf %b : bf16 to f32
      %q = memref.load %y[%i, %c] : memref<?x64xf32>
      %t = arith.addf %q, %f : f32
      memref.store %t, %y[%i, %c] : memref<?x64xf32>
    }
  }
  return
}

func.func private @copy(%x: memref<?x64xf32>) -> memref<?x64xf32> {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %t = memref.alloc(%n) {alignment = 64 : i64} : memref<?x64xf32>
  // Halves, so that one copy is strided.
  %a = memref.subview %x[0, 0] [%n, 32] [1, 1] : memref<?x64xf32> to memref<?x32xf32, strided<[64, 1]>>
  %b = memref.subview %t[0, 0] [%n, 32] [1, 1] : memref<?x64xf32> to memref<?x32xf32, strided<[64, 1]>>
  memref.copy %x, %t : memref<?x64xf32> to memref<?x64xf32>
  memref.copy %a, %b : memref<?x32xf32, strided<[64, 1]>> to memref<?x32xf32, strided<[64, 1]>>
  return %t : memref<?x64xf32>
}

func.func @rows_main(%x: memref<?x64xf32> {rt.name = "x", rt.dim_names = ["rows", ""]})
    attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<?x64xf32> dims["rows", ""]>]} {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %fits = arith.cmpi ule, %n, %c32 : index
  rt.check %fits, resource_exhausted, "at most 32 rows"
  %s = rt.get_weight @scale : memref<64xf32>
  %g = rt.get_weight @gain : memref<1xf32>
  %w = rt.get_weight @panels : memref<2x2x3x32x2xbf16, strided<[2048, 192, 64, 2, 1]>>
  %t = func.call @copy(%x) : (memref<?x64xf32>) -> memref<?x64xf32>
  %y = rt.output 0(%n) : memref<?x64xf32>
  rt.launch @rows units(%n) (%t, %s, %g, %w, %y)
    : memref<?x64xf32>, memref<64xf32>, memref<1xf32>, memref<2x2x3x32x2xbf16, strided<[2048, 192, 64, 2, 1]>>, memref<?x64xf32>
  memref.dealloc %t : memref<?x64xf32>
  return
}
}
