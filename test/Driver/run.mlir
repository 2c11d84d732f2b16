// Functions, arguments and files of `moec run --interpret`.

// All public functions, or one.
// RUN: moec run --interpret --random 7 %s | FileCheck %s --check-prefix=ALL
// ALL: @identity
// ALL-NEXT: tensor<2x2xf32>
// ALL: @bf16
// ALL: @constant
// ALL-NEXT: tensor<2x2xf32> {{\[\[}}1.5, 2], [3, 4]]
// ALL-NEXT: tensor<i32> -7
// RUN: moec run --interpret --entry constant %s | FileCheck %s --check-prefix=ONE
// RUN: moec run --interpret --entry=constant - < %s | FileCheck %s --check-prefix=ONE
// ONE-NOT: @
// ONE: tensor<2x2xf32> {{\[\[}}1.5, 2], [3, 4]]
// RUN: moec run --interpret --entry constant --decimals 2 %s | FileCheck %s --check-prefix=DECIMALS
// DECIMALS: tensor<2x2xf32> {{\[\[}}1.50, 2.00], [3.00, 4.00]]

// Made-up arguments depend on the seed alone.
// RUN: moec run --interpret --random 7 --entry identity %s > %t.7
// RUN: moec run --interpret --random 7 --entry identity %s | diff %t.7 -
// RUN: moec run --interpret --random 8 --entry identity %s | not diff -q %t.7 -

// What is written reads back to the same bits; bf16 and index travel as f32 and i64.
// RUN: rm -rf %t && moec run --interpret --entry constant --output-dir %t %s
// RUN: moec run --interpret --entry identity --input 0=%t/output_0.npy %s | FileCheck %s --check-prefix=ONE
// RUN: moec run --interpret --entry bf16 --input 0=%t/output_0.npy --output-dir %t/bf16 %s
// RUN: moec run --interpret --entry bf16 --input 0=%t/bf16/output_0.npy %s | FileCheck %s --check-prefix=BF16
// BF16: tensor<2x2xbf16> {{\[\[}}1.5, 2], [3, 4]]
// BF16-NEXT: tensor<index> 2
// RUN: not moec run --interpret --entry identity --input 0=%t/output_1.npy %s 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: output_1.npy: holds elements '<i4', expected '<f4' for f32
// RUN: not moec run --interpret --entry vector --input 0=%t/output_0.npy %s 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: argument #0 of @vector is 'tensor<3xf32>', got tensor<2x2xf32>
// RUN: head -c 130 %t/output_0.npy > %t/short.npy
// RUN: not moec run --interpret --entry identity --input 0=%t/short.npy %s 2>&1 | FileCheck %s --check-prefix=SHORT
// SHORT: short.npy: has 2 bytes of elements, its shape needs 16
// RUN: not moec run --interpret --input 0=%t/output_0.npy %s 2>&1 | FileCheck %s --check-prefix=WHICH
// WHICH: --input and --output-dir need one function: name it with --entry

func.func @identity(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  return %x : tensor<2x2xf32>
}

func.func @bf16(%x: tensor<2x2xbf16>) -> (tensor<2x2xbf16>, index) {
  %two = arith.constant 2 : index
  return %x, %two : tensor<2x2xbf16>, index
}

func.func @vector(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}

func.func @constant() -> (tensor<2x2xf32>, i32) {
  %x = arith.constant dense<[[1.5, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %i = arith.constant -7 : i32
  return %x, %i : tensor<2x2xf32>, i32
}
