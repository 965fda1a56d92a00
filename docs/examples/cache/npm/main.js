// Starts nothing: it only proves that all of the dependencies can be loaded.
const express = require("express");
const yargs = require("yargs");

const options = yargs(process.argv.slice(2)).option("name", { default: "nobody" }).argv;
console.log(typeof express(), options.name);
