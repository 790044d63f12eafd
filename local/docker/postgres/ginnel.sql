-- Run once, when the cluster is made, by the image's entry point.
\set password `cat /run/ginnel/password`
create role ginnel login password :'password';
create database ginnel owner ginnel;
\connect ginnel
create extension btree_gin;
create extension citext;
create extension pg_trgm;
